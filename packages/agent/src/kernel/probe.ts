import {
  type Connection,
  links,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  type NewLink,
  openConnection,
  SystemError,
} from '@kcore/netlink';
import type { KernelFeatures } from '../model/host-facts.ts';
import { probeNft } from './nft/probe.ts';

/**
 * Tries what networks need in a namespace that exists only behind a socket: nothing of it is ever seen on the host, and
 * all of it goes when the socket is closed.
 */
export async function probeFeatures(): Promise<KernelFeatures> {
  await using route = await openConnection({ protocol: NETLINK_ROUTE, netns: { private: true } });
  const bridge = await tryLink(route, { kind: 'bridge', name: 'probe-bridge', index: 1000 });
  const vxlan = await tryLink(route, {
    kind: 'vxlan',
    name: 'probe-vxlan',
    data: { vni: 1, port: 4789, learning: false },
  });
  // A VLAN needs a link to be on: the bridge, whatever else is missing.
  const vlan = bridge && (await tryLink(route, { kind: 'vlan', name: 'probe-vlan', parent: 1000, data: { id: 2 } }));
  return { bridge, vlan, vxlan, ...(await nftFeatures()) };
}

async function tryLink(route: Connection, link: NewLink): Promise<boolean> {
  const [outcome] = await route.batch([links.create(link)]);
  return outcome?.status === 'ok';
}

async function nftFeatures(): Promise<Pick<KernelFeatures, 'nftNat' | 'nftBridge'>> {
  try {
    await using netfilter = await openConnection({ protocol: NETLINK_NETFILTER, netns: { private: true } });
    return await probeNft(netfilter);
  } catch (error) {
    if (error instanceof SystemError && error.code === 'EPROTONOSUPPORT') return { nftNat: false, nftBridge: false };
    throw error;
  }
}
