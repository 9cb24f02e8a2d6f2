import { type Condition, type NodeNetwork, parseIpv4, type Subnet, subnetOf } from '@kcore/contract';
import type { HostFacts } from '../model/host-facts.ts';
import { conditions } from './conditions.ts';
import { addressesOf, ownsAddress } from './host.ts';
import type { Uplink } from './uplink.ts';

/** A bare externalIp on a VLAN sub-interface stands for this prefix length. */
const DEFAULT_PREFIX = 24;

/** The address that a network shows to the outside on this node. */
export interface External {
  readonly address: string;
  /** Whether it was asked for and this node owns it, so that traffic may leave with it; else it is masqueraded. */
  readonly snat: boolean;
  /** Set where kcore puts the address on the sub-interface it made. */
  readonly onUplink?: { readonly prefix: number; readonly subnet: Subnet };
}

/**
 * nat and vxlan with outbound NAT. Without externalIp it is the uplink's first address: forwards need one, and
 * masquerade finds it by itself.
 */
export function externalOf(
  network: NodeNetwork,
  uplink: Uplink | undefined,
  host: HostFacts,
): { readonly external?: External; readonly conditions: readonly Condition[] } {
  const [address, length] = network.externalIp?.split('/') ?? [];
  if (address === undefined) {
    const first = uplink === undefined ? undefined : addressesOf(host, uplink.name)[0];
    if (first !== undefined) return { external: { address: first, snat: false }, conditions: [] };
    return { conditions: network.forwards.length > 0 ? [conditions.externalIpMissing(network.name)] : [] };
  }
  if (uplink?.vlan !== undefined) {
    const prefix = length === undefined ? DEFAULT_PREFIX : Number(length);
    const onUplink = { prefix, subnet: subnetOf(parseIpv4(address), prefix) };
    return { external: { address, snat: true, onUplink }, conditions: [] };
  }
  const snat = ownsAddress(host, address);
  return { external: { address, snat }, conditions: snat ? [] : [conditions.externalIpNotLocal(address)] };
}
