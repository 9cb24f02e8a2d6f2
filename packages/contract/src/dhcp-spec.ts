import * as v from 'valibot';
import { DhcpOption } from './dhcp-option.ts';
import { isIpv4, parseSubnet } from './ipv4.ts';

export const ipv4 = v.pipe(
  v.string(),
  v.check(isIpv4, (issue) => `'${issue.received.replaceAll('"', '')}' is not an IPv4 address (for example 10.0.0.1)`),
);

function isSubnet(text: string): boolean {
  try {
    parseSubnet(text);
    return true;
  } catch {
    return false;
  }
}

const subnet = v.pipe(
  v.string(),
  v.check(isSubnet, (issue) => `'${issue.received.replaceAll('"', '')}' is not a subnet (for example 10.9.0.0/16)`),
);

/** Option 51 says it with this number: a lease that never ends. Source: RFC 2131 §3.3. */
export const INFINITE_LEASE_SECONDS = 0xffff_ffff;

const leaseSeconds = v.pipe(
  v.number(),
  v.integer('leaseSeconds must be a whole number'),
  v.check(
    (seconds) => (seconds >= 10 && seconds <= 0x7fff_ffff) || seconds === INFINITE_LEASE_SECONDS,
    `leaseSeconds must be 10 to ${0x7fff_ffff}, or ${INFINITE_LEASE_SECONDS} for leases that never end`,
  ),
);

/** Printable ASCII: what boot ROMs read. */
const bootText = v.pipe(
  v.string(),
  v.regex(/^[\x21-\x7e]{1,255}$/, 'a boot file is a path or URL of 1 to 255 ASCII characters without spaces'),
);
const httpUrl = v.pipe(bootText, v.regex(/^https?:\/\//, 'must be a URL that begins with http:// or https://'));

/** What machines that boot from the network are given, by what they are. */
export const DhcpBootSpec = v.strictObject({
  /** The TFTP server (siaddr, options 66 and 150). The gateway when absent. */
  server: v.exactOptional(ipv4),
  /** File names for PXE clients: BIOS, UEFI on x64, UEFI on arm64. */
  bios: v.exactOptional(bootText),
  uefiX64: v.exactOptional(bootText),
  uefiArm64: v.exactOptional(bootText),
  /** What iPXE loads once it runs itself: a script's name or URL. */
  ipxe: v.exactOptional(bootText),
  /** For UEFI HTTP boot. */
  httpX64: v.exactOptional(httpUrl),
  httpArm64: v.exactOptional(httpUrl),
});
export type DhcpBootSpec = v.InferOutput<typeof DhcpBootSpec>;

export const DhcpSpec = v.strictObject({
  /** For vxlan only: off unless true. */
  enabled: v.exactOptional(v.boolean()),
  rangeStart: v.exactOptional(ipv4),
  rangeEnd: v.exactOptional(ipv4),
  leaseSeconds: v.exactOptional(leaseSeconds),
  dns: v.exactOptional(v.array(ipv4)),
  domain: v.exactOptional(v.string()),
  /** Domains to search (option 119). */
  search: v.exactOptional(v.array(v.string())),
  /** Time servers (option 42). */
  ntp: v.exactOptional(v.array(ipv4)),
  /** Classless static routes (options 121 and 249); the default route is added to them. */
  routes: v.exactOptional(v.array(v.strictObject({ destination: subnet, via: ipv4 }))),
  /** Two messages instead of four for clients that ask for it (RFC 4039). */
  rapidCommit: v.exactOptional(v.boolean()),
  /** Whether an address not known to be free is looked for by ARP before it is offered. On unless false. */
  probe: v.exactOptional(v.boolean()),
  /** Where people log in before they are let out (option 114, RFC 8910). */
  captivePortal: v.exactOptional(httpUrl),
  /** Clients that can do without IPv4 go without for so many seconds (option 108, RFC 8925). */
  ipv6OnlySeconds: v.exactOptional(
    v.pipe(v.number(), v.integer(), v.minValue(300, 'ipv6OnlySeconds must be at least 300'), v.maxValue(0xffff_ffff)),
  ),
  /** What clients that get no address are told: whether to choose a link-local one (option 116, RFC 2563). */
  autoConfigure: v.exactOptional(v.boolean()),
  boot: v.exactOptional(DhcpBootSpec),
  /** Options that have no name here, by code; they replace those that have. */
  options: v.exactOptional(v.array(DhcpOption)),
  /** Reservations: this MAC gets this address, anywhere in the subnet. */
  reservations: v.exactOptional(
    v.array(v.strictObject({ mac: v.string(), address: ipv4, hostname: v.exactOptional(v.string()) })),
  ),
});
export type DhcpSpec = v.InferOutput<typeof DhcpSpec>;
