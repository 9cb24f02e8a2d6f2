import {
  broadcastOf,
  contains,
  dhcpRange,
  formatIpv4,
  type Ipv4Number,
  type Network,
  parseIpv4,
  type Subnet,
  subnetOf,
} from '@kcore/contract';

/** Addresses that can be handed out, as offsets from the network address. */
export interface Pool {
  readonly id: string;
  readonly network: string;
  readonly subnet: Subnet;
  /** What is handed out unasked, both ends included. Explicit addresses may lie outside. */
  readonly first: number;
  readonly last: number;
  /** Never handed out unasked: the gateway and the reservations. */
  readonly reserved: ReadonlySet<number>;
  readonly gateway: number;
}

/** The first address that is handed out on a vxlan network. */
const FIRST_OFFSET = 2;

/**
 * The pool that a NIC on this network and node draws from; undefined on a bridge network, whose addresses are upstream's.
 * A vxlan network is one segment and has one pool; of a nat network every node has a copy with addresses of its own.
 */
export function poolOf(network: Network, node: string): Pool | undefined {
  if (network.gatewayIp === undefined || network.prefix === undefined || network.type === 'bridge') return undefined;
  const gateway = parseIpv4(network.gatewayIp);
  const subnet = subnetOf(gateway, network.prefix);
  const offset = (address: string): number => parseIpv4(address) - subnet.network;
  const reservations = (network.dhcp.reservations ?? []).map(({ address }) => offset(address));
  const common = {
    network: network.name,
    subnet,
    gateway: gateway - subnet.network,
    reserved: new Set([gateway - subnet.network, ...reservations]),
  };
  if (network.type === 'vxlan') {
    return { ...common, id: network.uid, first: FIRST_OFFSET, last: broadcastOf(subnet) - 1 - subnet.network };
  }
  const { start, end } = dhcpRange(network.gatewayIp, network.prefix, network.dhcp);
  return { ...common, id: `${network.uid}@${node}`, first: offset(start), last: offset(end) };
}

export function addressAt(pool: Pool, offset: number): string {
  return formatIpv4(pool.subnet.network + offset);
}

/** Whether a guest may have this address at all: in the subnet, and not the gateway, network or broadcast address. */
export function isUsable(pool: Pool, address: Ipv4Number): boolean {
  const offset = address - pool.subnet.network;
  return (
    contains(pool.subnet, address) && offset !== 0 && address !== broadcastOf(pool.subnet) && offset !== pool.gateway
  );
}
