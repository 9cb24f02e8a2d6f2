import { open } from 'node:fs/promises';
import { type Link as KernelLink, links, type NewLink, openTap, createLink as requestLink } from '@kcore/netlink';
import { LINK_GROUP, type Link, type TapLink, type VethLink } from '../model/resource.ts';
import { type LinkIndexes, NoLinkError } from './apply-entry.ts';
import type { Sockets } from './sockets.ts';

/**
 * Makes a link, marked with kcore's group from its first moment, with what can only be given now. The rest is changed
 * afterwards. Resolves with what is there then.
 * @throws {NetlinkError} EEXIST: there is a link by that name.
 */
export async function createLink(want: Link, sockets: Sockets, indexes: LinkIndexes): Promise<KernelLink> {
  if (want.type === 'foreign') return foreignLink(want.name, sockets);
  if (want.type === 'tap') return createTap(want, sockets);
  if (want.type === 'veth') return createVeth(want, sockets);
  return requestLink(sockets.route, newLink(want, indexes));
}

function newLink(want: Exclude<Link, { readonly type: 'foreign' | 'tap' | 'veth' }>, indexes: LinkIndexes): NewLink {
  const common = { name: want.name, group: LINK_GROUP, ...(want.mac === undefined ? {} : { mac: want.mac }) };
  const mtu = want.mtu === undefined ? {} : { mtu: want.mtu };
  switch (want.type) {
    case 'bridge': {
      // Without an MTU, which would be lost when a port joins; with what keeps it silent from its first moment.
      const { multicastSnooping, stp } = want;
      const data = {
        ...(multicastSnooping === undefined ? {} : { multicastSnooping }),
        ...(stp === undefined ? {} : { stpState: stp ? 1 : 0 }),
      };
      return { ...common, kind: 'bridge', ...(Object.keys(data).length === 0 ? {} : { data }) };
    }
    case 'vlan': {
      const parent = indexes.get(want.parent);
      if (parent === undefined) throw new NoLinkError(want.parent);
      return { ...common, ...mtu, kind: 'vlan', parent, data: { id: want.vlanId } };
    }
    case 'vxlan': {
      const { vni, local, destinationPort: port, learning } = want;
      return { ...common, ...mtu, kind: 'vxlan', data: { vni, local, port, learning } };
    }
  }
}

/** What is somebody else's is never made, only found. */
async function foreignLink(name: string, { route }: Sockets): Promise<KernelLink> {
  const link = await linkNamed(name, route);
  if (link === undefined) throw new NoLinkError(name);
  return link;
}

/** The peer is made in the guest's namespace at once: it never shows up in this one. */
async function createVeth(want: VethLink, sockets: Sockets): Promise<KernelLink> {
  const { name, mac, mtu, netns } = want.peer;
  const file = await open(netns, 'r');
  try {
    return await requestLink(sockets.route, {
      kind: 'veth',
      name: want.name,
      group: LINK_GROUP,
      ...(want.mac === undefined ? {} : { mac: want.mac }),
      ...(want.mtu === undefined ? {} : { mtu: want.mtu }),
      data: { peer: { name, mac, mtu, netnsFd: file.fd } },
    });
  } finally {
    await file.close();
  }
}

/** Held by this process until it is marked: a crash in between takes it along. */
async function createTap(want: TapLink, { route, netns }: Sockets): Promise<KernelLink> {
  const before = await linkNamed(want.name, route);
  if (before !== undefined) return before;
  await using tap = await openTap({
    name: want.name,
    ...(want.owner === undefined ? {} : { owner: want.owner }),
    ...(want.vnetHeader === undefined ? {} : { vnetHeader: want.vnetHeader }),
    ...(want.multiQueue === undefined ? {} : { multiQueue: want.multiQueue }),
    ...(netns === undefined ? {} : { netns }),
  });
  await route.request(links.change({ name: want.name }, { group: LINK_GROUP }));
  await tap.persist();
  const link = await linkNamed(want.name, route);
  if (link === undefined) throw new NoLinkError(want.name);
  return link;
}

/** Undefined when there is none by that name. */
export async function linkNamed(name: string, route: Sockets['route']): Promise<KernelLink | undefined> {
  const [outcome] = await route.batch([links.get({ name })]);
  if (outcome?.status === 'ok') return outcome.value as KernelLink | undefined;
  if (outcome?.status === 'failed' && outcome.error.code === 'ENODEV') return undefined;
  throw outcome?.error ?? new Error(`get link ${name}: no answer`);
}
