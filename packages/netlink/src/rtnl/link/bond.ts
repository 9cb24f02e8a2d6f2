import { ipv4, ipv6, mac } from '../../codec/address.ts';
import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { array, nested } from '../../codec/nested.ts';
import { bool8, s32, u8, u16, u32 } from '../../codec/scalar.ts';
import {
  BOND_MODE_8023AD,
  BOND_MODE_ACTIVEBACKUP,
  BOND_MODE_ALB,
  BOND_MODE_BROADCAST,
  BOND_MODE_ROUNDROBIN,
  BOND_MODE_TLB,
  BOND_MODE_XOR,
  BOND_XMIT_POLICY_ENCAP23,
  BOND_XMIT_POLICY_ENCAP34,
  BOND_XMIT_POLICY_LAYER2,
  BOND_XMIT_POLICY_LAYER23,
  BOND_XMIT_POLICY_LAYER34,
  BOND_XMIT_POLICY_VLAN_SRCMAC,
  IFLA_BOND_ACTIVE_SLAVE,
  IFLA_BOND_AD_ACTOR_SYS_PRIO,
  IFLA_BOND_AD_ACTOR_SYSTEM,
  IFLA_BOND_AD_INFO,
  IFLA_BOND_AD_INFO_ACTOR_KEY,
  IFLA_BOND_AD_INFO_AGGREGATOR,
  IFLA_BOND_AD_INFO_NUM_PORTS,
  IFLA_BOND_AD_INFO_PARTNER_KEY,
  IFLA_BOND_AD_INFO_PARTNER_MAC,
  IFLA_BOND_AD_LACP_ACTIVE,
  IFLA_BOND_AD_LACP_RATE,
  IFLA_BOND_AD_SELECT,
  IFLA_BOND_AD_USER_PORT_KEY,
  IFLA_BOND_ALL_SLAVES_ACTIVE,
  IFLA_BOND_ARP_ALL_TARGETS,
  IFLA_BOND_ARP_INTERVAL,
  IFLA_BOND_ARP_IP_TARGET,
  IFLA_BOND_ARP_VALIDATE,
  IFLA_BOND_COUPLED_CONTROL,
  IFLA_BOND_DOWNDELAY,
  IFLA_BOND_FAIL_OVER_MAC,
  IFLA_BOND_LP_INTERVAL,
  IFLA_BOND_MIIMON,
  IFLA_BOND_MIN_LINKS,
  IFLA_BOND_MISSED_MAX,
  IFLA_BOND_MODE,
  IFLA_BOND_NS_IP6_TARGET,
  IFLA_BOND_NUM_PEER_NOTIF,
  IFLA_BOND_PACKETS_PER_SLAVE,
  IFLA_BOND_PEER_NOTIF_DELAY,
  IFLA_BOND_PRIMARY,
  IFLA_BOND_PRIMARY_RESELECT,
  IFLA_BOND_RESEND_IGMP,
  IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE,
  IFLA_BOND_SLAVE_AD_AGGREGATOR_ID,
  IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE,
  IFLA_BOND_SLAVE_LINK_FAILURE_COUNT,
  IFLA_BOND_SLAVE_MII_STATUS,
  IFLA_BOND_SLAVE_PERM_HWADDR,
  IFLA_BOND_SLAVE_PRIO,
  IFLA_BOND_SLAVE_QUEUE_ID,
  IFLA_BOND_SLAVE_STATE,
  IFLA_BOND_TLB_DYNAMIC_LB,
  IFLA_BOND_UPDELAY,
  IFLA_BOND_USE_CARRIER,
  IFLA_BOND_XMIT_HASH_POLICY,
} from '../../uapi/if-bonding.ts';
import { choice } from './choice.ts';

/** Names as ip(8) and /sys have them. */
const modes = {
  'balance-rr': BOND_MODE_ROUNDROBIN,
  'active-backup': BOND_MODE_ACTIVEBACKUP,
  'balance-xor': BOND_MODE_XOR,
  broadcast: BOND_MODE_BROADCAST,
  '802.3ad': BOND_MODE_8023AD,
  'balance-tlb': BOND_MODE_TLB,
  'balance-alb': BOND_MODE_ALB,
} as const;

const hashPolicies = {
  layer2: BOND_XMIT_POLICY_LAYER2,
  'layer3+4': BOND_XMIT_POLICY_LAYER34,
  'layer2+3': BOND_XMIT_POLICY_LAYER23,
  'encap2+3': BOND_XMIT_POLICY_ENCAP23,
  'encap3+4': BOND_XMIT_POLICY_ENCAP34,
  'vlan+srcmac': BOND_XMIT_POLICY_VLAN_SRCMAC,
} as const;

/** The aggregator in use, of mode 802.3ad; only told. */
const aggregator = attributes(() => ({
  id: [IFLA_BOND_AD_INFO_AGGREGATOR, u16],
  ports: [IFLA_BOND_AD_INFO_NUM_PORTS, u16],
  actorKey: [IFLA_BOND_AD_INFO_ACTOR_KEY, u16],
  partnerKey: [IFLA_BOND_AD_INFO_PARTNER_KEY, u16],
  partnerMac: [IFLA_BOND_AD_INFO_PARTNER_MAC, mac],
}));

/**
 * `IFLA_INFO_DATA` of kind "bond". Times are milliseconds where nothing else is said. Most options are bound to a mode
 * or want the bond down or empty; the kernel then answers EACCES, ENOTEMPTY or EINVAL.
 * Source: include/uapi/linux/if_link.h, Documentation/networking/bonding.rst.
 */
export const bond = attributes(() => ({
  mode: [IFLA_BOND_MODE, choice(u8, modes)],
  /** Index of the port in use; 0 in a request: the bond chooses. */
  activePort: [IFLA_BOND_ACTIVE_SLAVE, u32],
  /** How often carriers are looked at; 0 is never. */
  linkMonitorInterval: [IFLA_BOND_MIIMON, u32],
  upDelay: [IFLA_BOND_UPDELAY, u32],
  downDelay: [IFLA_BOND_DOWNDELAY, u32],
  peerNotifyDelay: [IFLA_BOND_PEER_NOTIF_DELAY, u32],
  useCarrier: [IFLA_BOND_USE_CARRIER, bool8],
  arpInterval: [IFLA_BOND_ARP_INTERVAL, u32],
  arpTargets: [IFLA_BOND_ARP_IP_TARGET, array(ipv4)],
  ndTargets: [IFLA_BOND_NS_IP6_TARGET, array(ipv6)],
  /** 0 none, 1 the active port, 2 the backup, 3 all; 4, 5, 6: the same as filters. */
  arpValidate: [IFLA_BOND_ARP_VALIDATE, u32],
  /** 0: one target is enough, 1: all are needed. */
  arpAllTargets: [IFLA_BOND_ARP_ALL_TARGETS, u32],
  /** How many checks may be missed. */
  missedMax: [IFLA_BOND_MISSED_MAX, u8],
  /** Index of the port that is preferred; 0 in a request: none. */
  primary: [IFLA_BOND_PRIMARY, u32],
  /** 0 always, 1 better, 2 failure. */
  primaryReselect: [IFLA_BOND_PRIMARY_RESELECT, u8],
  /** 0 none, 1 active, 2 follow. */
  failOverMac: [IFLA_BOND_FAIL_OVER_MAC, u8],
  transmitHashPolicy: [IFLA_BOND_XMIT_HASH_POLICY, choice(u8, hashPolicies)],
  /** Reports sent after a failover. */
  resendIgmp: [IFLA_BOND_RESEND_IGMP, u32],
  peerNotifications: [IFLA_BOND_NUM_PEER_NOTIF, u8],
  allPortsActive: [IFLA_BOND_ALL_SLAVES_ACTIVE, bool8],
  minLinks: [IFLA_BOND_MIN_LINKS, u32],
  /** Seconds between learning packets. */
  learningInterval: [IFLA_BOND_LP_INTERVAL, u32],
  packetsPerPort: [IFLA_BOND_PACKETS_PER_SLAVE, u32],
  /** 0 slow (30 s), 1 fast (1 s). */
  lacpRate: [IFLA_BOND_AD_LACP_RATE, u8],
  lacpActive: [IFLA_BOND_AD_LACP_ACTIVE, bool8],
  /** 0 stable, 1 bandwidth, 2 count. */
  aggregatorSelection: [IFLA_BOND_AD_SELECT, u8],
  aggregator: [IFLA_BOND_AD_INFO, nested(aggregator)],
  actorSystemPriority: [IFLA_BOND_AD_ACTOR_SYS_PRIO, u16],
  userPortKey: [IFLA_BOND_AD_USER_PORT_KEY, u16],
  actorSystem: [IFLA_BOND_AD_ACTOR_SYSTEM, mac],
  dynamicLoadBalancing: [IFLA_BOND_TLB_DYNAMIC_LB, bool8],
  coupledControl: [IFLA_BOND_COUPLED_CONTROL, bool8],
}));
/** Options of kind "bond". */
export type Bond = Infer<typeof bond>;

/** `IFLA_INFO_SLAVE_DATA` of slave kind "bond". Only `queueId` and `priority` can be changed. */
export const bondPort = attributes(() => ({
  /** 0 active, 1 backup. */
  state: [IFLA_BOND_SLAVE_STATE, u8],
  /** 0 up, 1 going down, 2 down, 3 coming back. */
  linkStatus: [IFLA_BOND_SLAVE_MII_STATUS, u8],
  linkFailures: [IFLA_BOND_SLAVE_LINK_FAILURE_COUNT, u32],
  permanentMac: [IFLA_BOND_SLAVE_PERM_HWADDR, mac],
  queueId: [IFLA_BOND_SLAVE_QUEUE_ID, u16],
  /** Higher is preferred at a failover. */
  priority: [IFLA_BOND_SLAVE_PRIO, s32],
  aggregatorId: [IFLA_BOND_SLAVE_AD_AGGREGATOR_ID, u16],
  actorPortState: [IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE, u8],
  partnerPortState: [IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE, u16],
}));
/** What a link has as a port of a bond. */
export type BondPort = Infer<typeof bondPort>;
