import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { bool8, flag, u8, u16, u32 } from '../../codec/scalar.ts';
import {
  IFLA_BRPORT_BCAST_FLOOD,
  IFLA_BRPORT_COST,
  IFLA_BRPORT_FAST_LEAVE,
  IFLA_BRPORT_FLUSH,
  IFLA_BRPORT_GROUP_FWD_MASK,
  IFLA_BRPORT_GUARD,
  IFLA_BRPORT_ISOLATED,
  IFLA_BRPORT_LEARNING,
  IFLA_BRPORT_LOCKED,
  IFLA_BRPORT_MCAST_FLOOD,
  IFLA_BRPORT_MCAST_TO_UCAST,
  IFLA_BRPORT_MODE,
  IFLA_BRPORT_MULTICAST_ROUTER,
  IFLA_BRPORT_NEIGH_SUPPRESS,
  IFLA_BRPORT_PRIORITY,
  IFLA_BRPORT_PROTECT,
  IFLA_BRPORT_PROXYARP,
  IFLA_BRPORT_PROXYARP_WIFI,
  IFLA_BRPORT_STATE,
  IFLA_BRPORT_UNICAST_FLOOD,
  IFLA_BRPORT_VLAN_TUNNEL,
} from '../../uapi/if-link.ts';

/**
 * Settings of a bridge port: `IFLA_INFO_SLAVE_DATA` of slave kind "bridge", and `IFLA_PROTINFO` of messages of the
 * family AF_BRIDGE. Source: include/uapi/linux/if_link.h.
 */
export const bridgePort = attributes({
  /** BR_STATE_*. */
  state: [IFLA_BRPORT_STATE, u8],
  priority: [IFLA_BRPORT_PRIORITY, u16],
  cost: [IFLA_BRPORT_COST, u32],
  /** Whether frames may leave by the port they came from. */
  hairpin: [IFLA_BRPORT_MODE, bool8],
  guard: [IFLA_BRPORT_GUARD, bool8],
  rootBlock: [IFLA_BRPORT_PROTECT, bool8],
  fastLeave: [IFLA_BRPORT_FAST_LEAVE, bool8],
  learning: [IFLA_BRPORT_LEARNING, bool8],
  unicastFlood: [IFLA_BRPORT_UNICAST_FLOOD, bool8],
  proxyArp: [IFLA_BRPORT_PROXYARP, bool8],
  proxyArpWifi: [IFLA_BRPORT_PROXYARP_WIFI, bool8],
  multicastRouter: [IFLA_BRPORT_MULTICAST_ROUTER, u8],
  multicastFlood: [IFLA_BRPORT_MCAST_FLOOD, bool8],
  multicastToUnicast: [IFLA_BRPORT_MCAST_TO_UCAST, bool8],
  broadcastFlood: [IFLA_BRPORT_BCAST_FLOOD, bool8],
  vlanTunnel: [IFLA_BRPORT_VLAN_TUNNEL, bool8],
  groupForwardMask: [IFLA_BRPORT_GROUP_FWD_MASK, u16],
  /** The bridge answers ARP requests from its neighbour entries instead of flooding them to this port. */
  neighSuppress: [IFLA_BRPORT_NEIGH_SUPPRESS, bool8],
  isolated: [IFLA_BRPORT_ISOLATED, bool8],
  locked: [IFLA_BRPORT_LOCKED, bool8],
  /** Forgets entries learned on it; only in requests. */
  flush: [IFLA_BRPORT_FLUSH, flag],
});
export type BridgePort = Infer<typeof bridgePort>;
