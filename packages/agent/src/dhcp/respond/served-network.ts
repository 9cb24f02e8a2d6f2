import {
  broadcastOf,
  contains,
  type Ipv4Number,
  netmaskOfPrefix,
  parseIpv4,
  parseSubnet,
  type Subnet,
  subnetOf,
} from '@kcore/contract';
import type { DhcpBinding, DhcpNetwork } from '../../model/dhcp-network.ts';
import { parseMac } from '../codec/mac.ts';
import { option } from '../codec/options.ts';
import type { RawOption } from '../codec/packet.ts';
import type { ClasslessRoute } from '../codec/routes.ts';

/** An address that a MAC has by decision, not by lease. */
export interface BoundAddress {
  readonly address: Ipv4Number;
  readonly hostname?: string;
}

/** An option as configured; `always`: sent also to clients that do not ask for it. */
export interface ConfiguredOption extends RawOption {
  readonly always: boolean;
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
  /** Option 54, encoded once. */
  readonly serverId: RawOption;
  /** Options 51, 58 and 59 of a lease as long as the network's, encoded once. */
  readonly leaseTimes: readonly RawOption[];
  /** By importance. */
  readonly options: readonly ConfiguredOption[];
  /** Whether an unknown MAC may be leased this address: neither bound nor the server's, the network's or the broadcast. */
  readonly leasable: (address: Ipv4Number) => boolean;
  /** What was left out of the spec and why; the rest is served. */
  readonly warnings: readonly string[];
}

/** Options that are part of the protocol's conversation and cannot be configured. */
const PROTOCOL_OPTIONS: ReadonlySet<number> = new Set([0, 50, 51, 52, 53, 54, 55, 57, 61, 80, 82, 255]);
/** Changing how a client behaves, so only for those that say they understand: RFC 8925 §3.1, RFC 2563 §2. */
const ON_REQUEST_ONLY: ReadonlySet<number> = new Set([108, 116]);

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

/** Clients that understand option 121 ignore option 3, so the default route has to be in both (RFC 3442 §4). */
function routes(spec: DhcpNetwork): readonly ClasslessRoute[] {
  const given = (spec.routes ?? []).map(({ destination, via }) => {
    const { network, prefix } = parseSubnet(destination);
    return { destination: network, prefix, via: parseIpv4(via) };
  });
  const needsDefault = given.length > 0 && spec.router !== undefined && given.every((route) => route.prefix !== 0);
  return needsDefault ? [...given, { destination: 0, prefix: 0, via: parseIpv4(spec.router) }] : given;
}

function named(spec: DhcpNetwork, subnet: Subnet): ConfiguredOption[] {
  const always = (raw: RawOption): ConfiguredOption => ({ ...raw, always: true });
  const asked = (raw: RawOption): ConfiguredOption => ({ ...raw, always: false });
  const options = [always(option('subnetMask', parseIpv4(netmaskOfPrefix(spec.prefix))))];
  const classless = routes(spec);
  if (spec.router !== undefined) options.push(always(option('router', [parseIpv4(spec.router)])));
  if (spec.dns.length > 0) options.push(always(option('dns', spec.dns.map(parseIpv4))));
  if (spec.mtu !== undefined) options.push(always(option('mtu', spec.mtu)));
  if (classless.length > 0) {
    options.push(asked(option('classlessRoutes', classless)), asked(option('classlessRoutesMicrosoft', classless)));
  }
  if (spec.domain !== undefined) options.push(asked(option('domain', spec.domain)));
  options.push(asked(option('broadcast', broadcastOf(subnet))));
  if (spec.ntp !== undefined && spec.ntp.length > 0) options.push(asked(option('ntp', spec.ntp.map(parseIpv4))));
  if (spec.search !== undefined && spec.search.length > 0) options.push(asked(option('domainSearch', spec.search)));
  return options;
}

function configuredOptions(spec: DhcpNetwork, subnet: Subnet, warnings: string[]): ConfiguredOption[] {
  const raw: ConfiguredOption[] = [];
  for (const { code, hex } of spec.options) {
    if (PROTOCOL_OPTIONS.has(code)) warnings.push(`option ${code}: is the protocol's own and cannot be set`);
    else raw.push({ code, value: Uint8Array.from(Buffer.from(hex, 'hex')), always: !ON_REQUEST_ONLY.has(code) });
  }
  const replaced = new Set(raw.map(({ code }) => code));
  return [...named(spec, subnet).filter(({ code }) => !replaced.has(code)), ...raw];
}

/** T1 and T2 are sent because some clients' own defaults differ. Source: RFC 2131 §4.4.5. */
export function leaseTimes(seconds: number): readonly RawOption[] {
  return [
    option('leaseTime', seconds),
    option('renewalTime', Math.floor(seconds * 0.5)),
    option('rebindingTime', Math.floor(seconds * 0.875)),
  ];
}

/**
 * @throws {KcoreError} InvalidArgument, TypeError, RangeError: an address, MAC or option of the spec is malformed.
 */
export function serveNetwork(spec: DhcpNetwork): ServedNetwork {
  const server = parseIpv4(spec.serverAddress);
  const subnet = subnetOf(server, spec.prefix);
  const warnings: string[] = [];
  const bound = bindings(spec, subnet, server, warnings);
  const ownerOf = new Map([...bound].map(([mac, { address }]) => [address, mac]));
  const broadcast = broadcastOf(subnet);
  const first = spec.range === undefined ? 0 : Math.max(parseIpv4(spec.range.start), subnet.network);
  const last = spec.range === undefined ? 0 : Math.min(parseIpv4(spec.range.end), broadcast);
  return {
    spec,
    server,
    subnet,
    ...(spec.range === undefined || spec.bindingsOnly ? {} : { range: { first, last } }),
    bound,
    ownerOf,
    serverId: option('serverId', server),
    leaseTimes: leaseTimes(spec.leaseSeconds),
    options: configuredOptions(spec, subnet, warnings),
    leasable: (address) =>
      address !== server && address !== subnet.network && address !== broadcast && !ownerOf.has(address),
    warnings,
  };
}
