import { broadcastOf, contains, type Ipv4Number, parseIpv4, type Subnet, subnetOf } from '@kcore/contract';
import type { DhcpBinding, DhcpNetwork } from '../../model/dhcp-network.ts';
import { parseMac } from '../codec/mac.ts';
import { INFINITE_SECONDS } from '../leases/lease.ts';
import { type ConfiguredOption, configuredOptions } from './network-options.ts';
import { type ReplyKind, type ReplyOptions, replyOptionsOf } from './reply-options.ts';

/** An address that a MAC has by decision, not by lease. */
export interface BoundAddress {
  readonly address: Ipv4Number;
  readonly hostname?: string;
}

/** A DhcpNetwork made ready for answering: looked up by MAC and address, its options encoded once. */
export interface ServedNetwork {
  readonly spec: DhcpNetwork;
  readonly server: Ipv4Number;
  readonly subnet: Subnet;
  readonly range?: { readonly first: Ipv4Number; readonly last: Ipv4Number };
  readonly bound: ReadonlyMap<string, BoundAddress>;
  /** Addresses that are some MAC's by decision. */
  readonly ownerOf: ReadonlyMap<Ipv4Number, string>;
  /** By importance. */
  readonly options: readonly ConfiguredOption[];
  /** What replies of one kind have in common. */
  readonly replyOptions: (kind: ReplyKind) => ReplyOptions;
  /** Whether an unknown MAC may be leased this address: neither bound nor the server's, the network's or the broadcast. */
  readonly leasable: (address: Ipv4Number) => boolean;
  /** What was left out of the spec and why; the rest is served. */
  readonly warnings: readonly string[];
}

function bindings(
  spec: DhcpNetwork,
  subnet: Subnet,
  server: Ipv4Number,
  warnings: string[],
): Map<string, BoundAddress> {
  const bound = new Map<string, BoundAddress>();
  const taken = new Set<Ipv4Number>([server, subnet.network, broadcastOf(subnet)]);
  const add = (binding: DhcpBinding, what: string): void => {
    const mac = binding.mac.toLowerCase();
    const address = parseIpv4(binding.address);
    parseMac(mac);
    if (bound.has(mac)) return;
    if (!contains(subnet, address)) warnings.push(`${what} ${mac} → ${binding.address}: not in the network's subnet`);
    else if (taken.has(address)) warnings.push(`${what} ${mac} → ${binding.address}: the address is taken`);
    else {
      taken.add(address);
      bound.set(mac, { address, ...(binding.hostname === undefined ? {} : { hostname: binding.hostname }) });
    }
  };
  for (const binding of spec.bindings) add(binding, 'binding');
  if (!spec.bindingsOnly) for (const reservation of spec.reservations) add(reservation, 'reservation');
  return bound;
}

/** What a program that embeds the server may have got wrong; the controller checks all of it before. */
function refuseImpossible({ leaseSeconds, prefix, mtu, range }: DhcpNetwork): void {
  const whole = (what: string, value: number | undefined, least: number, most: number): void => {
    if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
    throw new RangeError(`${what} ${value} is not possible: it must be ${least} to ${most}`);
  };
  whole('leaseSeconds', leaseSeconds, 1, INFINITE_SECONDS);
  whole('prefix', prefix, 1, 30);
  // RFC 2132 §5.1.
  whole('mtu', mtu, 68, 0xffff);
  if (range !== undefined && parseIpv4(range.start) > parseIpv4(range.end)) {
    throw new RangeError(`range ${range.start} to ${range.end}: its end is before its start`);
  }
}

/**
 * @throws {KcoreError} InvalidArgument, TypeError, RangeError: an address, MAC or option of the spec is malformed.
 */
export function serveNetwork(spec: DhcpNetwork): ServedNetwork {
  refuseImpossible(spec);
  const server = parseIpv4(spec.serverAddress);
  const subnet = subnetOf(server, spec.prefix);
  const warnings: string[] = [];
  const bound = bindings(spec, subnet, server, warnings);
  const ownerOf = new Map([...bound].map(([mac, { address }]) => [address, mac]));
  const broadcast = broadcastOf(subnet);
  const options = configuredOptions(spec, subnet, warnings);
  if (spec.boot?.server !== undefined) parseIpv4(spec.boot.server);
  const first = spec.range === undefined ? 0 : Math.max(parseIpv4(spec.range.start), subnet.network);
  const last = spec.range === undefined ? 0 : Math.min(parseIpv4(spec.range.end), broadcast);
  return {
    spec,
    server,
    subnet,
    ...(spec.range === undefined || spec.bindingsOnly ? {} : { range: { first, last } }),
    bound,
    ownerOf,
    options,
    replyOptions: replyOptionsOf(options),
    leasable: (address) =>
      address !== server && address !== subnet.network && address !== broadcast && !ownerOf.has(address),
    warnings,
  };
}
