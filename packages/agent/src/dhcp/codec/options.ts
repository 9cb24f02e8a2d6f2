import { domainSearch } from './domain-search.ts';
import type { DhcpPacket, RawOption } from './packet.ts';
import { classlessRoutes } from './routes.ts';
import { ipv4, ipv4List, type OptionCodec, opaque, present, text, u8, u16, u16List, u32 } from './values.ts';

/** Padding and end of an option area: they have no length byte. */
export const PAD = 0;
export const END = 255;

/** Every option the server knows by name; any other can be sent raw. Source: RFC 2132 unless noted. */
export const OPTIONS = {
  subnetMask: [1, ipv4],
  router: [3, ipv4List],
  dns: [6, ipv4List],
  hostname: [12, text],
  domain: [15, text],
  mtu: [26, u16],
  broadcast: [28, ipv4],
  ntp: [42, ipv4List],
  requestedAddress: [50, ipv4],
  /** Seconds. */
  leaseTime: [51, u32],
  /** Which of the fields hold options as well: bit 0 file, bit 1 sname. */
  overload: [52, u8],
  messageType: [53, u8],
  serverId: [54, ipv4],
  /** Codes the client would like, in its order of preference. */
  parameterList: [55, opaque],
  message: [56, text],
  maxMessageSize: [57, u16],
  /** T1, seconds. */
  renewalTime: [58, u32],
  /** T2, seconds. */
  rebindingTime: [59, u32],
  vendorClass: [60, text],
  clientId: [61, opaque],
  tftpServerName: [66, text],
  bootFile: [67, text],
  /** RFC 3004 says a list of length-prefixed texts, iPXE sends a bare text. */
  userClass: [77, opaque],
  /** RFC 4039. */
  rapidCommit: [80, present],
  /** RFC 3046. */
  relayAgent: [82, opaque],
  /** RFC 4702: flags, two unused bytes, then the name, as text or as in DNS. */
  fqdn: [81, opaque],
  /** RFC 4578. */
  clientArchitecture: [93, u16List],
  /** RFC 4578. */
  clientMachineId: [97, opaque],
  /** RFC 8925: seconds for which a client that can do without IPv4 goes without. */
  ipv6OnlyPreferred: [108, u32],
  /** RFC 8910: a URI. */
  captivePortal: [114, text],
  /** RFC 2563: 0 do not, 1 do configure a link-local address. */
  autoConfigure: [116, u8],
  /** RFC 3397. */
  domainSearch: [119, domainSearch],
  /** RFC 3442. */
  classlessRoutes: [121, classlessRoutes],
  /** RFC 5859. */
  tftpServers: [150, ipv4List],
  /** What iPXE says of itself; sent by nobody else. Source: the registry of BOOTP options, "Etherboot". */
  etherboot: [175, opaque],
  /** What Windows before Vista asks for instead of 121; the same value. */
  classlessRoutesMicrosoft: [249, classlessRoutes],
} as const satisfies Record<string, readonly [code: number, codec: unknown]>;

export type OptionName = keyof typeof OPTIONS;
export type OptionValue<Name extends OptionName> =
  (typeof OPTIONS)[Name][1] extends OptionCodec<infer Value> ? Value : never;

export function optionCode(name: OptionName): number {
  return OPTIONS[name][0];
}

function codecOf<Name extends OptionName>(name: Name): OptionCodec<OptionValue<Name>> {
  // The table's row types are a union that TypeScript cannot narrow by a generic key.
  return OPTIONS[name][1] as unknown as OptionCodec<OptionValue<Name>>;
}

/** An option of a reply. */
export function option<Name extends OptionName>(name: Name, value: OptionValue<Name>): RawOption {
  return { code: OPTIONS[name][0], value: codecOf(name).encode(value) };
}

/** An option of a received message; undefined when it is absent or its bytes are no such value. */
export function optionOf<Name extends OptionName>(packet: DhcpPacket, name: Name): OptionValue<Name> | undefined {
  const codec = codecOf(name);
  const code = OPTIONS[name][0];
  // Only codecs of numbers have a size.
  if (codec.size !== undefined) return packet.options.unsigned(code, codec.size) as OptionValue<Name> | undefined;
  const value = packet.options.get(code);
  return value === undefined ? undefined : codec.decode(value);
}
