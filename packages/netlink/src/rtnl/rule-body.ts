import { ip } from '../codec/address.ts';
import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { be32, be64, u8, u16, u32 } from '../codec/scalar.ts';
import { pad, struct } from '../codec/struct.ts';
import { cstring } from '../codec/text.ts';
import {
  FIB_RULE_IIF_DETACHED,
  FIB_RULE_INVERT,
  FIB_RULE_OIF_DETACHED,
  FIB_RULE_PERMANENT,
  FIB_RULE_UNRESOLVED,
  FRA_DPORT_MASK,
  FRA_DPORT_RANGE,
  FRA_DSCP,
  FRA_DSCP_MASK,
  FRA_DST,
  FRA_FLOW,
  FRA_FLOWLABEL,
  FRA_FLOWLABEL_MASK,
  FRA_FWMARK,
  FRA_FWMASK,
  FRA_GOTO,
  FRA_IIFNAME,
  FRA_IP_PROTO,
  FRA_L3MDEV,
  FRA_OIFNAME,
  FRA_PRIORITY,
  FRA_PROTOCOL,
  FRA_SPORT_MASK,
  FRA_SPORT_RANGE,
  FRA_SRC,
  FRA_SUPPRESS_IFGROUP,
  FRA_SUPPRESS_PREFIXLEN,
  FRA_TABLE,
  FRA_TUN_ID,
  FRA_UID_RANGE,
} from '../uapi/fib-rules.ts';

const ruleFlags = bits(u32, {
  permanent: FIB_RULE_PERMANENT,
  invert: FIB_RULE_INVERT,
  /** The rule that it goes to does not exist now. */
  unresolved: FIB_RULE_UNRESOLVED,
  /** The link it names does not exist now. */
  incomingDetached: FIB_RULE_IIF_DETACHED,
  outgoingDetached: FIB_RULE_OIF_DETACHED,
});
/** Flags of a rule (FIB_RULE_*) by name. */
export type RuleFlags = Infer<typeof ruleFlags>;

/** `struct fib_rule_hdr`. Source: include/uapi/linux/fib_rules.h. */
export const ruleHeader = struct({
  family: u8,
  destinationLength: u8,
  sourceLength: u8,
  tos: u8,
  table: u8,
  reserved: pad(2),
  action: u8,
  flags: ruleFlags,
});

/** `struct fib_rule_port_range`; unlike ports elsewhere it is in host order. */
const portRange = struct({ first: u16, last: u16 });

export const ruleAttributes = attributes(() => ({
  destination: [FRA_DST, ip],
  source: [FRA_SRC, ip],
  /** Name of a link; it need not exist. */
  incomingLink: [FRA_IIFNAME, cstring],
  outgoingLink: [FRA_OIFNAME, cstring],
  /** Priority of the rule to go on with, for the action `goto`. */
  goto: [FRA_GOTO, u32],
  /** Smaller is looked at first. */
  priority: [FRA_PRIORITY, u32],
  mark: [FRA_FWMARK, u32],
  markMask: [FRA_FWMASK, u32],
  /** Realms, destination in the lower 16 bits and source in the upper ones. IPv4 only. */
  realms: [FRA_FLOW, u32],
  /** Of the tunnel that the packet came by: a VNI, a GRE key. Big-endian on the wire. */
  tunnelId: [FRA_TUN_ID, be64],
  /** A route found is not taken when it leaves by a link of this group. */
  suppressLinkGroup: [FRA_SUPPRESS_IFGROUP, u32],
  /** A route found is not taken when its prefix is no longer than this; 0 suppresses default routes. */
  suppressPrefixLength: [FRA_SUPPRESS_PREFIXLEN, u32],
  table: [FRA_TABLE, u32],
  /** RTPROT_*: who made it. */
  protocol: [FRA_PROTOCOL, u8],
  /** 1: the table of the VRF that the packet's link is in; `table` is 0 then. */
  l3Master: [FRA_L3MDEV, u8],
  ipProtocol: [FRA_IP_PROTO, u8],
  sourcePorts: [FRA_SPORT_RANGE, portRange],
  sourcePortMask: [FRA_SPORT_MASK, u16],
  destinationPorts: [FRA_DPORT_RANGE, portRange],
  destinationPortMask: [FRA_DPORT_MASK, u16],
  /** Of the socket's owner. */
  uids: [FRA_UID_RANGE, struct({ first: u32, last: u32 })],
  /** Six bits; kernels since 6.13. It excludes `tos`. */
  dscp: [FRA_DSCP, u8],
  dscpMask: [FRA_DSCP_MASK, u8],
  /** Of IPv6; kernels since 6.14. */
  flowLabel: [FRA_FLOWLABEL, be32],
  flowLabelMask: [FRA_FLOWLABEL_MASK, be32],
}));

/** RTM_*RULE. */
export const ruleBody = body(ruleHeader, ruleAttributes);
