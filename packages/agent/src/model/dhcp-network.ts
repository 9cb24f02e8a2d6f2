/**
 * What the DHCP server must know of one network: made by compile from a NodeSpec, data to be replaced, never mutated.
 * Addresses are dotted IPv4, MAC addresses colon separated hexadecimal (case does not matter).
 */

/** One NIC has one address, whatever client identifiers its firmware, initramfs and system send. */
export interface DhcpBinding {
  readonly mac: string;
  readonly address: string;
  /** Sent as option 12, and shown with the lease. */
  readonly hostname?: string;
}

/** A DHCP option by its code, raw. It replaces what the server would have sent under that code. */
export interface DhcpRawOption {
  readonly code: number;
  /** Its value, hexadecimal, two digits a byte. */
  readonly hex: string;
}

/** What a machine that boots from the network is given, by what it says it is (options 93, 77 and 60). */
export interface DhcpBoot {
  /** The TFTP server: siaddr, options 66 and 150. The DHCP server's own address when absent. */
  readonly server?: string;
  /** File names, for PXE clients (architectures 0; 7 and 9; 11). */
  readonly bios?: string;
  readonly uefiX64?: string;
  readonly uefiArm64?: string;
  /** What iPXE loads once it runs itself: a script's name or URL. */
  readonly ipxe?: string;
  /** URLs for UEFI HTTP boot (architectures 16 and 19). */
  readonly httpX64?: string;
  readonly httpArm64?: string;
}

export interface DhcpNetwork {
  /** The network's name: leases belong to it. */
  readonly network: string;
  /** The link it is served on: its bridge. Nothing is received from or sent to any other. */
  readonly link: string;
  /** The server's own address on that link, which is also its server identifier: the gateway. */
  readonly serverAddress: string;
  readonly prefix: number;
  /** Where MACs that have no binding and no reservation are leased from, both ends included. Absent: they get nothing. */
  readonly range?: { readonly start: string; readonly end: string };
  /** 0xffffffff: leases never end. */
  readonly leaseSeconds: number;
  /** Option 3; absent: no default route is told. */
  readonly router?: string;
  readonly dns: readonly string[];
  readonly domain?: string;
  readonly mtu?: number;
  readonly options: readonly DhcpRawOption[];
  /** The controller's, made with the VM. They beat reservations, and both beat any lease. */
  readonly bindings: readonly DhcpBinding[];
  /** The user's. */
  readonly reservations: readonly DhcpBinding[];
  /** Answers those in `bindings` only and is silent to all others, because another node serves them. */
  readonly bindingsOnly: boolean;
  /** Whether an address not known to be free is looked for on the link (ARP) before it is offered. Default true. */
  readonly probe?: boolean;
  /** Domains to search (option 119). */
  readonly search?: readonly string[];
  /** Time servers (option 42). */
  readonly ntp?: readonly string[];
  /** Classless static routes (options 121 and 249), destination as `a.b.c.d/len`; the default route is added by the server. */
  readonly routes?: readonly { readonly destination: string; readonly via: string }[];
  /** Where people log in before they are let out: a URI (option 114, RFC 8910). */
  readonly captivePortal?: string;
  /**
   * The network has IPv6, and clients that can do without IPv4 are to (option 108, RFC 8925): they get no address of
   * the range, and look again after so many seconds.
   */
  readonly ipv6OnlySeconds?: number;
  /** What clients that ask and get no address are told: whether to choose a link-local one (option 116, RFC 2563). */
  readonly autoConfigure?: boolean;
  /** Answers a DISCOVER that asks for it with an ACK at once (RFC 4039). Default false. */
  readonly rapidCommit?: boolean;
  readonly boot?: DhcpBoot;
}
