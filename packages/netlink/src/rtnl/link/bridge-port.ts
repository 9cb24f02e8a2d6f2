import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { bool8, flag, u8, u16, u32, u64 } from '../../codec/scalar.ts';
import {
  IFLA_BRPORT_BACKUP_NHID,
  IFLA_BRPORT_BACKUP_PORT,
  IFLA_BRPORT_BCAST_FLOOD,
  IFLA_BRPORT_BRIDGE_ID,
  IFLA_BRPORT_CONFIG_PENDING,
  IFLA_BRPORT_COST,
  IFLA_BRPORT_DESIGNATED_COST,
  IFLA_BRPORT_DESIGNATED_PORT,
  IFLA_BRPORT_FAST_LEAVE,
  IFLA_BRPORT_FLUSH,
  IFLA_BRPORT_FORWARD_DELAY_TIMER,
  IFLA_BRPORT_GROUP_FWD_MASK,
  IFLA_BRPORT_GUARD,
  IFLA_BRPORT_HOLD_TIMER,
  IFLA_BRPORT_ID,
  IFLA_BRPORT_ISOLATED,
  IFLA_BRPORT_LEARNING,
  IFLA_BRPORT_LEARNING_SYNC,
  IFLA_BRPORT_LOCKED,
  IFLA_BRPORT_MAB,
  IFLA_BRPORT_MCAST_EHT_HOSTS_CNT,
  IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT,
  IFLA_BRPORT_MCAST_FLOOD,
  IFLA_BRPORT_MCAST_MAX_GROUPS,
  IFLA_BRPORT_MCAST_N_GROUPS,
  IFLA_BRPORT_MCAST_TO_UCAST,
  IFLA_BRPORT_MESSAGE_AGE_TIMER,
  IFLA_BRPORT_MODE,
  IFLA_BRPORT_MRP_IN_OPEN,
  IFLA_BRPORT_MRP_RING_OPEN,
  IFLA_BRPORT_MULTICAST_ROUTER,
  IFLA_BRPORT_NEIGH_SUPPRESS,
  IFLA_BRPORT_NEIGH_VLAN_SUPPRESS,
  IFLA_BRPORT_NO,
  IFLA_BRPORT_PRIORITY,
  IFLA_BRPORT_PROTECT,
  IFLA_BRPORT_PROXYARP,
  IFLA_BRPORT_PROXYARP_WIFI,
  IFLA_BRPORT_ROOT_ID,
  IFLA_BRPORT_STATE,
  IFLA_BRPORT_TOPOLOGY_CHANGE_ACK,
  IFLA_BRPORT_UNICAST_FLOOD,
  IFLA_BRPORT_VLAN_TUNNEL,
} from '../../uapi/if-link-bridge.ts';
import { bridgeId } from './bridge.ts';

/**
 * Settings of a bridge port: `IFLA_INFO_SLAVE_DATA` of slave kind "bridge", and `IFLA_PROTINFO` of messages of the
 * family AF_BRIDGE. Times are in hundredths of a second. Source: include/uapi/linux/if_link.h.
 */
export const bridgePort = attributes(() => ({
  /** BR_STATE_*: 0 disabled, 1 listening, 2 learning, 3 forwarding, 4 blocking. Only without the kernel's STP. */
  state: [IFLA_BRPORT_STATE, u8],
  priority: [IFLA_BRPORT_PRIORITY, u16],
  cost: [IFLA_BRPORT_COST, u32],
  /** Whether frames may leave by the port they came from. */
  hairpin: [IFLA_BRPORT_MODE, bool8],
  /** Shuts the port down when a BPDU comes in. */
  guard: [IFLA_BRPORT_GUARD, bool8],
  rootBlock: [IFLA_BRPORT_PROTECT, bool8],
  fastLeave: [IFLA_BRPORT_FAST_LEAVE, bool8],
  learning: [IFLA_BRPORT_LEARNING, bool8],
  /** Takes over what the device below has learned. */
  learningSync: [IFLA_BRPORT_LEARNING_SYNC, bool8],
  unicastFlood: [IFLA_BRPORT_UNICAST_FLOOD, bool8],
  proxyArp: [IFLA_BRPORT_PROXYARP, bool8],
  proxyArpWifi: [IFLA_BRPORT_PROXYARP_WIFI, bool8],
  /** 0: never, 1: while a querier is heard, 2: always, 3: for a while. */
  multicastRouter: [IFLA_BRPORT_MULTICAST_ROUTER, u8],
  multicastFlood: [IFLA_BRPORT_MCAST_FLOOD, bool8],
  multicastToUnicast: [IFLA_BRPORT_MCAST_TO_UCAST, bool8],
  broadcastFlood: [IFLA_BRPORT_BCAST_FLOOD, bool8],
  vlanTunnel: [IFLA_BRPORT_VLAN_TUNNEL, bool8],
  groupForwardMask: [IFLA_BRPORT_GROUP_FWD_MASK, u16],
  /** The bridge answers ARP requests from its neighbour entries instead of flooding them to this port. */
  neighSuppress: [IFLA_BRPORT_NEIGH_SUPPRESS, bool8],
  /** The same, decided VLAN by VLAN. */
  neighVlanSuppress: [IFLA_BRPORT_NEIGH_VLAN_SUPPRESS, bool8],
  /** Isolated ports do not reach each other. */
  isolated: [IFLA_BRPORT_ISOLATED, bool8],
  /** Frames of MACs without an entry are dropped. */
  locked: [IFLA_BRPORT_LOCKED, bool8],
  /** A locked port notes unknown MACs as locked entries, for a daemon to admit. */
  macAuthenticationBypass: [IFLA_BRPORT_MAB, bool8],
  /** Index of the port that takes over when this one's carrier is gone; 0 in a request: none. */
  backupPort: [IFLA_BRPORT_BACKUP_PORT, u32],
  /** Nexthop object given to what is redirected to the backup port; 0: none. */
  backupNexthop: [IFLA_BRPORT_BACKUP_NHID, u32],
  /** Multicast groups the port is in, and the most it may be in; 0 is no limit. */
  multicastGroups: [IFLA_BRPORT_MCAST_N_GROUPS, u32],
  multicastMaxGroups: [IFLA_BRPORT_MCAST_MAX_GROUPS, u32],
  multicastHostsLimit: [IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT, u32],
  multicastHosts: [IFLA_BRPORT_MCAST_EHT_HOSTS_CNT, u32],
  /** Forgets entries learned on it; only in requests. */
  flush: [IFLA_BRPORT_FLUSH, flag],
  /** Spanning tree as it stands; only told. */
  rootId: [IFLA_BRPORT_ROOT_ID, bridgeId],
  bridgeId: [IFLA_BRPORT_BRIDGE_ID, bridgeId],
  designatedPort: [IFLA_BRPORT_DESIGNATED_PORT, u16],
  designatedCost: [IFLA_BRPORT_DESIGNATED_COST, u16],
  id: [IFLA_BRPORT_ID, u16],
  number: [IFLA_BRPORT_NO, u16],
  topologyChangeAck: [IFLA_BRPORT_TOPOLOGY_CHANGE_ACK, u8],
  configPending: [IFLA_BRPORT_CONFIG_PENDING, u8],
  messageAgeTimer: [IFLA_BRPORT_MESSAGE_AGE_TIMER, u64],
  forwardDelayTimer: [IFLA_BRPORT_FORWARD_DELAY_TIMER, u64],
  holdTimer: [IFLA_BRPORT_HOLD_TIMER, u64],
  /** Media Redundancy Protocol: the ring, or the interconnection, is open. Only told. */
  mrpRingOpen: [IFLA_BRPORT_MRP_RING_OPEN, bool8],
  mrpInOpen: [IFLA_BRPORT_MRP_IN_OPEN, bool8],
}));
/** What a link has as a port of a bridge. */
export type BridgePort = Infer<typeof bridgePort>;
