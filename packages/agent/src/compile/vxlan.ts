import { type BindingObject, vxlanDeviceMac, vxlanName } from '@kcore/contract';
import { ALIAS_PREFIX, type Resource, type VxlanLink } from '../model/resource.ts';
import { bridgeLink } from './bridge-link.ts';
import type { NodeIdentity } from './desired.ts';
import { gatewayAddress } from './nat.ts';
import type { ResolvedNetwork } from './resolved-network.ts';
import { uplinkLinks } from './uplink-links.ts';
import { VXLAN_PORT } from './vxlan-overhead.ts';

/** A flood entry: frames to unknown destinations, broadcast and multicast go to each of these. */
const FLOOD_MAC = '00:00:00:00:00:00';

/**
 * A vxlan network on one participant.
 *
 * Nothing learns: neither the device (which VTEP a MAC is behind) nor its port of the bridge (that a MAC is behind the
 * overlay). The controller knows every VM, so a VM that moves is moved by moving its entries, at once and everywhere,
 * and no packet can claim another's place. `neigh_suppress` makes the bridge answer ARP for the VMs it has a neighbour
 * entry for, and for the gateway, which is on every node with the same MAC and address.
 */
export function vxlanResources(network: ResolvedNetwork, node: NodeIdentity): readonly Resource[] {
  const { spec, vtep, uplink, nat, peers, bindings, bridge } = network;
  if (spec.vni === undefined || vtep === undefined) return [];
  const device = vxlanDevice(network, { vni: spec.vni, local: vtep }, node);
  return [
    bridgeLink(network, node),
    device,
    ...gatewayAddress(network),
    ...(nat && uplink !== undefined ? uplinkLinks(uplink, { routed: true }) : []),
    ...peers.map((peer) => vxlanEntry(device.name, FLOOD_MAC, peer.vtep)),
    ...bindings.flatMap((binding) => remoteVm(binding, { device: device.name, bridge: bridge.name, vtep })),
  ];
}

function vxlanDevice(
  { spec, bridge, mtu }: ResolvedNetwork,
  { vni, local }: { readonly vni: number; readonly local: string },
  node: NodeIdentity,
): VxlanLink {
  return {
    kind: 'link',
    type: 'vxlan',
    name: vxlanName(vni),
    owned: true,
    alias: `${ALIAS_PREFIX}${spec.name}`,
    mac: vxlanDeviceMac(node.name, vni),
    mtu,
    up: true,
    master: bridge.name,
    port: { learning: false, neighSuppress: true },
    ipv6LinkLocal: false,
    vni,
    local,
    destinationPort: VXLAN_PORT,
    learning: false,
  };
}

function vxlanEntry(link: string, mac: string, destination: string): Resource {
  return { kind: 'fdb', table: 'vxlan', link, mac, destination };
}

/** All three are needed: the kernel answers an ARP request only if the neighbour's MAC is behind a port with neigh_suppress. */
function remoteVm(
  binding: BindingObject,
  here: { readonly device: string; readonly bridge: string; readonly vtep: string },
): readonly Resource[] {
  const { mac, address } = binding;
  if (binding.vtep === undefined || binding.vtep === here.vtep) return [];
  return [
    vxlanEntry(here.device, mac, binding.vtep),
    { kind: 'fdb', table: 'bridge', link: here.device, mac },
    ...(address === undefined ? [] : [{ kind: 'neighbour', link: here.bridge, address, mac } as const]),
  ];
}
