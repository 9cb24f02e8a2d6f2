import { attributes } from '../../codec/attributes.ts';
import { bits } from '../../codec/bits.ts';
import { body } from '../../codec/body.ts';
import { nested } from '../../codec/nested.ts';
import { repeated } from '../../codec/repeated.ts';
import { bytes, u8, u16, u32, u64 } from '../../codec/scalar.ts';
import { pad, struct } from '../../codec/struct.ts';
import {
  BRIDGE_VLANDB_DUMP_FLAGS,
  BRIDGE_VLANDB_DUMPF_GLOBAL,
  BRIDGE_VLANDB_DUMPF_STATS,
  BRIDGE_VLANDB_ENTRY,
  BRIDGE_VLANDB_ENTRY_INFO,
  BRIDGE_VLANDB_ENTRY_MCAST_MAX_GROUPS,
  BRIDGE_VLANDB_ENTRY_MCAST_N_GROUPS,
  BRIDGE_VLANDB_ENTRY_MCAST_ROUTER,
  BRIDGE_VLANDB_ENTRY_NEIGH_SUPPRESS,
  BRIDGE_VLANDB_ENTRY_RANGE,
  BRIDGE_VLANDB_ENTRY_STATE,
  BRIDGE_VLANDB_ENTRY_STATS,
  BRIDGE_VLANDB_ENTRY_TUNNEL_INFO,
  BRIDGE_VLANDB_GLOBAL_OPTIONS,
  BRIDGE_VLANDB_GOPTS_ID,
  BRIDGE_VLANDB_GOPTS_MCAST_IGMP_VERSION,
  BRIDGE_VLANDB_GOPTS_MCAST_LAST_MEMBER_CNT,
  BRIDGE_VLANDB_GOPTS_MCAST_LAST_MEMBER_INTVL,
  BRIDGE_VLANDB_GOPTS_MCAST_MEMBERSHIP_INTVL,
  BRIDGE_VLANDB_GOPTS_MCAST_MLD_VERSION,
  BRIDGE_VLANDB_GOPTS_MCAST_QUERIER,
  BRIDGE_VLANDB_GOPTS_MCAST_QUERIER_INTVL,
  BRIDGE_VLANDB_GOPTS_MCAST_QUERIER_STATE,
  BRIDGE_VLANDB_GOPTS_MCAST_QUERY_INTVL,
  BRIDGE_VLANDB_GOPTS_MCAST_QUERY_RESPONSE_INTVL,
  BRIDGE_VLANDB_GOPTS_MCAST_ROUTER_PORTS,
  BRIDGE_VLANDB_GOPTS_MCAST_SNOOPING,
  BRIDGE_VLANDB_GOPTS_MCAST_STARTUP_QUERY_CNT,
  BRIDGE_VLANDB_GOPTS_MCAST_STARTUP_QUERY_INTVL,
  BRIDGE_VLANDB_GOPTS_MSTI,
  BRIDGE_VLANDB_GOPTS_RANGE,
  BRIDGE_VLANDB_STATS_RX_BYTES,
  BRIDGE_VLANDB_STATS_RX_PACKETS,
  BRIDGE_VLANDB_STATS_TX_BYTES,
  BRIDGE_VLANDB_STATS_TX_PACKETS,
  BRIDGE_VLANDB_TINFO_CMD,
  BRIDGE_VLANDB_TINFO_ID,
} from '../../uapi/if-bridge.ts';
import { number64 } from '../number64.ts';
import { vlanInfo } from './range.ts';

/** `struct br_vlan_msg`. Source: include/uapi/linux/if_bridge.h. */
export const vlanMessage = struct({ family: u8, padding: pad(3), index: u32 });

const statistics = attributes(() => ({
  receivedBytes: [BRIDGE_VLANDB_STATS_RX_BYTES, u64],
  receivedPackets: [BRIDGE_VLANDB_STATS_RX_PACKETS, u64],
  sentBytes: [BRIDGE_VLANDB_STATS_TX_BYTES, u64],
  sentPackets: [BRIDGE_VLANDB_STATS_TX_PACKETS, u64],
}));

/** Of VLANs of a port, or of the bridge as its own port. */
export const vlanEntry = attributes(() => ({
  info: [BRIDGE_VLANDB_ENTRY_INFO, vlanInfo],
  /** Last VLAN of a range. */
  last: [BRIDGE_VLANDB_ENTRY_RANGE, u16],
  /** BR_STATE_*: 3 is forwarding. */
  state: [BRIDGE_VLANDB_ENTRY_STATE, u8],
  tunnel: [
    BRIDGE_VLANDB_ENTRY_TUNNEL_INFO,
    nested(attributes(() => ({ id: [BRIDGE_VLANDB_TINFO_ID, u32], command: [BRIDGE_VLANDB_TINFO_CMD, u32] }))),
  ],
  statistics: [BRIDGE_VLANDB_ENTRY_STATS, nested(statistics)],
  /** MDB_RTR_TYPE_*. */
  multicastRouter: [BRIDGE_VLANDB_ENTRY_MCAST_ROUTER, u8],
  /** Kernels since 6.3. */
  multicastGroups: [BRIDGE_VLANDB_ENTRY_MCAST_N_GROUPS, u32],
  multicastMaxGroups: [BRIDGE_VLANDB_ENTRY_MCAST_MAX_GROUPS, u32],
  /** With the port's `neighborVlanSuppress`; kernels since 6.4. */
  neighSuppress: [BRIDGE_VLANDB_ENTRY_NEIGH_SUPPRESS, u8],
}));

/** Of a VLAN of the bridge as a whole. Intervals are in hundredths of a second. They need `mcast_vlan_snooping`. */
export const globalOptions = attributes(() => ({
  id: [BRIDGE_VLANDB_GOPTS_ID, u16],
  /** Last VLAN of a range. */
  last: [BRIDGE_VLANDB_GOPTS_RANGE, u16],
  multicastSnooping: [BRIDGE_VLANDB_GOPTS_MCAST_SNOOPING, u8],
  igmpVersion: [BRIDGE_VLANDB_GOPTS_MCAST_IGMP_VERSION, u8],
  mldVersion: [BRIDGE_VLANDB_GOPTS_MCAST_MLD_VERSION, u8],
  lastMemberCount: [BRIDGE_VLANDB_GOPTS_MCAST_LAST_MEMBER_CNT, u32],
  startupQueryCount: [BRIDGE_VLANDB_GOPTS_MCAST_STARTUP_QUERY_CNT, u32],
  lastMemberInterval: [BRIDGE_VLANDB_GOPTS_MCAST_LAST_MEMBER_INTVL, number64],
  membershipInterval: [BRIDGE_VLANDB_GOPTS_MCAST_MEMBERSHIP_INTVL, number64],
  querierInterval: [BRIDGE_VLANDB_GOPTS_MCAST_QUERIER_INTVL, number64],
  queryInterval: [BRIDGE_VLANDB_GOPTS_MCAST_QUERY_INTVL, number64],
  queryResponseInterval: [BRIDGE_VLANDB_GOPTS_MCAST_QUERY_RESPONSE_INTVL, number64],
  startupQueryInterval: [BRIDGE_VLANDB_GOPTS_MCAST_STARTUP_QUERY_INTVL, number64],
  querier: [BRIDGE_VLANDB_GOPTS_MCAST_QUERIER, u8],
  /** As they are on the wire; only told. */
  routerPorts: [BRIDGE_VLANDB_GOPTS_MCAST_ROUTER_PORTS, bytes],
  querierState: [BRIDGE_VLANDB_GOPTS_MCAST_QUERIER_STATE, bytes],
  /** The spanning tree that the VLAN belongs to. */
  spanningTree: [BRIDGE_VLANDB_GOPTS_MSTI, u16],
}));

/** RTM_*VLAN. */
export const vlanDatabaseBody = body(
  vlanMessage,
  attributes(() => ({
    entries: [BRIDGE_VLANDB_ENTRY, repeated(nested(vlanEntry))],
    globalOptions: [BRIDGE_VLANDB_GLOBAL_OPTIONS, repeated(nested(globalOptions))],
  })),
);

/** A dump's request, whose attributes have numbers of their own. */
export const vlanDumpBody = body(
  vlanMessage,
  attributes(() => ({
    flags: [
      BRIDGE_VLANDB_DUMP_FLAGS,
      bits(u32, { statistics: BRIDGE_VLANDB_DUMPF_STATS, global: BRIDGE_VLANDB_DUMPF_GLOBAL }),
    ],
  })),
);
