/**
 * Kernel objects as plain, readonly, keyed data. `desired` and `observed` are two HostStates of this one type.
 *
 * An optional field that is absent says nothing: desired state that does not mention a field leaves it to whoever set
 * it, and `equal` compares only what desired declares.
 */

/** Group that marks kcore's links, with the alias. Source: IFLA_GROUP. */
export const LINK_GROUP = 0x6b63;
/** Who made a route or rule: rtm_protocol and FRA_PROTOCOL, from the range left to administrators. */
export const ROUTE_PROTOCOL = 0x6b;
/** Begins the alias of every link kcore makes; what follows is the network's or the VM's name. */
export const ALIAS_PREFIX = 'kcore:';

/** What every link has. */
export interface LinkCommon {
  readonly kind: 'link';
  readonly name: string;
  /** Whether kcore made it and may delete it. A foreign NIC that a bridge network takes as a port is `owned: false`. */
  readonly owned: boolean;
  /** `kcore:<network>` or `kcore:<vm>`; only on owned links. */
  readonly alias?: string;
  readonly altNames?: readonly string[];
  readonly mac?: string;
  readonly mtu?: number;
  readonly up?: boolean;
  /** Name of the bridge it is a port of; null: of none. */
  readonly master?: string | null;
  readonly port?: BridgePort;
  /** Whether the kernel makes IPv6 link-local addresses on it. */
  readonly ipv6LinkLocal?: boolean;
  /** net.ipv4.conf.<name>.forwarding */
  readonly forwarding?: boolean;
}

/** Settings of a bridge port. Source: IFLA_BRPORT_*. */
export interface BridgePort {
  readonly learning?: boolean;
  readonly neighSuppress?: boolean;
  readonly hairpin?: boolean;
}

export interface BridgeLink extends LinkCommon {
  readonly type: 'bridge';
  readonly multicastSnooping?: boolean;
  readonly stp?: boolean;
}
export interface VlanLink extends LinkCommon {
  readonly type: 'vlan';
  readonly parent: string;
  readonly vlanId: number;
}
export interface VxlanLink extends LinkCommon {
  readonly type: 'vxlan';
  readonly vni: number;
  readonly local: string;
  readonly destinationPort: number;
  readonly learning: boolean;
}
/** The host's end of a guest's NIC when the guest is a network namespace. */
export interface VethLink extends LinkCommon {
  readonly type: 'veth';
  readonly peer: { readonly name: string; readonly mac: string; readonly mtu: number; readonly netns: string };
}
/** The host's end of a guest's NIC when the guest is a virtual machine. */
export interface TapLink extends LinkCommon {
  readonly type: 'tap';
  readonly owner?: number;
  readonly vnetHeader?: boolean;
  readonly multiQueue?: boolean;
}
/** A link of someone else's that kcore only sets `master`, `port`, `up` or `forwarding` on. */
export interface ForeignLink extends LinkCommon {
  readonly type: 'foreign';
}
export type Link = BridgeLink | VlanLink | VxlanLink | VethLink | TapLink | ForeignLink;

/** An IPv4 address on a link. */
export interface Address {
  readonly kind: 'address';
  readonly link: string;
  readonly address: string;
  readonly prefix: number;
}

/** A permanent IPv4 neighbour entry. */
export interface Neighbour {
  readonly kind: 'neighbour';
  readonly link: string;
  readonly address: string;
  readonly mac: string;
}

/**
 * A forwarding entry. `vxlan`: on the device itself (`self permanent`), with the VTEP it points to; many with the MAC
 * 00:00:00:00:00:00 are the flood list. `bridge`: in the bridge that the device is a port of (`master static`).
 */
export interface FdbEntry {
  readonly kind: 'fdb';
  readonly table: 'vxlan' | 'bridge';
  readonly link: string;
  readonly mac: string;
  /** vxlan only. */
  readonly destination?: string;
}

export interface Route {
  readonly kind: 'route';
  readonly table: number;
  /** `a.b.c.d/len`; `0.0.0.0/0` is the default. */
  readonly destination: string;
  readonly type: 'unicast' | 'unreachable';
  readonly via?: string;
  readonly link?: string;
  readonly metric?: number;
}

export interface Rule {
  readonly kind: 'rule';
  readonly priority: number;
  readonly table: number;
  readonly from?: string;
  readonly incomingLink?: string;
}

export type Resource = Link | Address | Neighbour | FdbEntry | Route | Rule | NftTable | NftSet | NftElement | NftChain;
export type ResourceKind = Resource['kind'];

/* nftables: a table, its sets and maps, their elements, and chains with their whole list of rules. */

export type NftFamily = 'ip' | 'bridge';

export interface NftTable {
  readonly kind: 'nft-table';
  readonly family: NftFamily;
  readonly name: string;
  /** Only observed: somebody switched all of its chains off. */
  readonly dormant?: true;
}

/** One part of a key, by nft's own name of the type. */
export type NftType = 'ipv4_addr' | 'ether_addr' | 'inet_proto' | 'inet_service' | 'ifname';

export interface NftSet {
  readonly kind: 'nft-set';
  readonly family: NftFamily;
  readonly table: string;
  readonly name: string;
  readonly key: readonly NftType[];
  /** Keys are subnets (`10.0.0.0/24`), not single values. Only with a single `ipv4_addr`. */
  readonly interval: boolean;
  /** Absent: a set. `verdict`: a verdict map. Otherwise a data map of these types. */
  readonly data?: 'verdict' | readonly NftType[];
}

/** Values as text, in nft's notation: `10.0.0.1`, `10.0.0.0/24`, `02:…`, `tcp`, `8080`, `tap-0b9d9f06`. */
export interface NftElement {
  readonly kind: 'nft-element';
  readonly family: NftFamily;
  readonly table: string;
  readonly set: string;
  readonly key: readonly string[];
  /** For a verdict map: `accept`, `drop`, `jump <chain>`. For a data map: one text for each data type. */
  readonly value?: readonly string[];
}

export interface NftChain {
  readonly kind: 'nft-chain';
  readonly family: NftFamily;
  readonly table: string;
  readonly name: string;
  /** Absent: a regular chain, reached by jump. */
  readonly base?: {
    readonly type: 'nat' | 'filter';
    readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
    readonly priority: number;
    readonly policy: 'accept' | 'drop';
  };
  readonly rules: readonly NftRule[];
}

export interface NftRule {
  readonly statements: readonly NftStatement[];
  /** Printed by `nft list ruleset`. */
  readonly comment?: string;
}

/** What a rule looks at, by nft's own words. */
export type NftField =
  | 'ip saddr'
  | 'ip daddr'
  | 'ip protocol'
  | 'th sport'
  | 'th dport'
  | 'ether saddr'
  | 'ether daddr'
  | 'ether type'
  | 'arp saddr ip'
  | 'arp saddr ether'
  | 'meta iifname'
  | 'meta oifname'
  | 'meta l4proto'
  | 'meta protocol'
  | 'meta pkttype'
  | 'icmpv6 type'
  | 'ct state'
  | 'ct status';

export type NftStatement =
  /** `==`/`!=` a value; `in` for flag fields (`ct state in established,related`) and subnets (`ip saddr == 10.0.0.0/24` is a prefix compare). */
  | { readonly match: NftField; readonly op: '==' | '!=' | 'in' | '!in'; readonly value: string }
  /** Mask and compare: `ether daddr & 01:00:00:00:00:00 != 00:00:00:00:00:00`. */
  | { readonly mask: NftField; readonly by: string; readonly op: '==' | '!='; readonly value: string }
  | { readonly lookup: readonly NftField[]; readonly set: string; readonly negate?: boolean }
  | { readonly vmap: readonly NftField[]; readonly map: string }
  | { readonly counter: true }
  | { readonly verdict: 'accept' | 'drop' | 'return' }
  | { readonly jump: string }
  | { readonly masquerade: true }
  | { readonly snat: string }
  | { readonly dnat: string; readonly port?: number }
  /** `dnat ip to <fields> map @<map>`, whose data is `ipv4_addr . inet_service`. */
  | { readonly dnatMap: readonly NftField[]; readonly map: string }
  /** Something kcore did not write. Never equal to anything desired, so a chain that holds one is rewritten. */
  | { readonly foreign: string };
