/* Source: include/uapi/linux/if_bonding.h, and the bonding section of include/uapi/linux/if_link.h */

/** Data of kind "bond". */
export const IFLA_BOND_MODE = 1;
export const IFLA_BOND_ACTIVE_SLAVE = 2;
export const IFLA_BOND_MIIMON = 3;
export const IFLA_BOND_UPDELAY = 4;
export const IFLA_BOND_DOWNDELAY = 5;
export const IFLA_BOND_USE_CARRIER = 6;
export const IFLA_BOND_ARP_INTERVAL = 7;
export const IFLA_BOND_ARP_IP_TARGET = 8;
export const IFLA_BOND_ARP_VALIDATE = 9;
export const IFLA_BOND_ARP_ALL_TARGETS = 10;
export const IFLA_BOND_PRIMARY = 11;
export const IFLA_BOND_PRIMARY_RESELECT = 12;
export const IFLA_BOND_FAIL_OVER_MAC = 13;
export const IFLA_BOND_XMIT_HASH_POLICY = 14;
export const IFLA_BOND_RESEND_IGMP = 15;
export const IFLA_BOND_NUM_PEER_NOTIF = 16;
export const IFLA_BOND_ALL_SLAVES_ACTIVE = 17;
export const IFLA_BOND_MIN_LINKS = 18;
export const IFLA_BOND_LP_INTERVAL = 19;
export const IFLA_BOND_PACKETS_PER_SLAVE = 20;
export const IFLA_BOND_AD_LACP_RATE = 21;
export const IFLA_BOND_AD_SELECT = 22;
export const IFLA_BOND_AD_INFO = 23;
export const IFLA_BOND_AD_ACTOR_SYS_PRIO = 24;
export const IFLA_BOND_AD_USER_PORT_KEY = 25;
export const IFLA_BOND_AD_ACTOR_SYSTEM = 26;
export const IFLA_BOND_TLB_DYNAMIC_LB = 27;
export const IFLA_BOND_PEER_NOTIF_DELAY = 28;
export const IFLA_BOND_AD_LACP_ACTIVE = 29;
export const IFLA_BOND_MISSED_MAX = 30;
export const IFLA_BOND_NS_IP6_TARGET = 31;
export const IFLA_BOND_COUPLED_CONTROL = 32;

/** Nested in IFLA_BOND_AD_INFO. */
export const IFLA_BOND_AD_INFO_AGGREGATOR = 1;
export const IFLA_BOND_AD_INFO_NUM_PORTS = 2;
export const IFLA_BOND_AD_INFO_ACTOR_KEY = 3;
export const IFLA_BOND_AD_INFO_PARTNER_KEY = 4;
export const IFLA_BOND_AD_INFO_PARTNER_MAC = 5;

/** Of a port of a bond. */
export const IFLA_BOND_SLAVE_STATE = 1;
export const IFLA_BOND_SLAVE_MII_STATUS = 2;
export const IFLA_BOND_SLAVE_LINK_FAILURE_COUNT = 3;
export const IFLA_BOND_SLAVE_PERM_HWADDR = 4;
export const IFLA_BOND_SLAVE_QUEUE_ID = 5;
export const IFLA_BOND_SLAVE_AD_AGGREGATOR_ID = 6;
export const IFLA_BOND_SLAVE_AD_ACTOR_OPER_PORT_STATE = 7;
export const IFLA_BOND_SLAVE_AD_PARTNER_OPER_PORT_STATE = 8;
export const IFLA_BOND_SLAVE_PRIO = 9;

export const BOND_MODE_ROUNDROBIN = 0;
export const BOND_MODE_ACTIVEBACKUP = 1;
export const BOND_MODE_XOR = 2;
export const BOND_MODE_BROADCAST = 3;
export const BOND_MODE_8023AD = 4;
export const BOND_MODE_TLB = 5;
export const BOND_MODE_ALB = 6;

export const BOND_XMIT_POLICY_LAYER2 = 0;
export const BOND_XMIT_POLICY_LAYER34 = 1;
export const BOND_XMIT_POLICY_LAYER23 = 2;
export const BOND_XMIT_POLICY_ENCAP23 = 3;
export const BOND_XMIT_POLICY_ENCAP34 = 4;
export const BOND_XMIT_POLICY_VLAN_SRCMAC = 5;
