import { ip, linkAddress } from '../codec/address.ts';
import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { nested } from '../codec/nested.ts';
import { be16, flag, s32, u8, u16, u32 } from '../codec/scalar.ts';
import { shared } from '../codec/shared.ts';
import { pad, struct } from '../codec/struct.ts';
import {
  FDB_NOTIFY_BIT,
  FDB_NOTIFY_INACTIVE_BIT,
  NDA_CACHEINFO,
  NDA_DST,
  NDA_FDB_EXT_ATTRS,
  NDA_FLAGS_EXT,
  NDA_IFINDEX,
  NDA_LINK_NETNSID,
  NDA_LLADDR,
  NDA_MASTER,
  NDA_NDM_FLAGS_MASK,
  NDA_NDM_STATE_MASK,
  NDA_NH_ID,
  NDA_PORT,
  NDA_PROBES,
  NDA_PROTOCOL,
  NDA_SRC_VNI,
  NDA_VLAN,
  NDA_VNI,
  NFEA_ACTIVITY_NOTIFY,
  NFEA_DONT_REFRESH,
  NTF_EXT_EXT_VALIDATED,
  NTF_EXT_LEARNED,
  NTF_EXT_LOCKED,
  NTF_EXT_MANAGED,
  NTF_MASTER,
  NTF_OFFLOADED,
  NTF_PROXY,
  NTF_ROUTER,
  NTF_SELF,
  NTF_STICKY,
  NTF_USE,
  NUD_DELAY,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_NOARP,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
} from '../uapi/neighbour.ts';
import { vni } from './up-to.ts';

const neighbourState = bits(u16, {
  incomplete: NUD_INCOMPLETE,
  reachable: NUD_REACHABLE,
  stale: NUD_STALE,
  delay: NUD_DELAY,
  probe: NUD_PROBE,
  failed: NUD_FAILED,
  noArp: NUD_NOARP,
  permanent: NUD_PERMANENT,
});
/** `ndm_state` (NUD_*) by name; one of them is set, or none. */
export type NeighbourState = Infer<typeof neighbourState>;

const neighbourFlags = bits(u8, {
  use: NTF_USE,
  self: NTF_SELF,
  master: NTF_MASTER,
  proxy: NTF_PROXY,
  externallyLearned: NTF_EXT_LEARNED,
  offloaded: NTF_OFFLOADED,
  sticky: NTF_STICKY,
  router: NTF_ROUTER,
});
/** `ndm_flags` (NTF_*) by name. */
export type NeighbourFlags = Infer<typeof neighbourFlags>;

const extendedFlags = bits(u32, {
  /** The kernel keeps it resolved by itself, as if there were always traffic to it. */
  managed: NTF_EXT_MANAGED,
  /** Of a bridge port with MAC authentication: frames from this MAC are dropped. */
  locked: NTF_EXT_LOCKED,
  /** Never removed nor turned stale by the kernel; kernels since 6.17. */
  externallyValidated: NTF_EXT_EXT_VALIDATED,
});
/** `NDA_FLAGS_EXT` by name. */
export type NeighbourExtendedFlags = Infer<typeof extendedFlags>;

/** `struct ndmsg`. Source: include/uapi/linux/neighbour.h. */
export const ndmsg = struct({
  family: u8,
  padding: pad(3),
  index: s32,
  state: neighbourState,
  flags: neighbourFlags,
  /** RTN_*. */
  type: u8,
});

/** Times in hundredths of a second since then. */
const cacheInfo = struct({ confirmed: u32, used: u32, updated: u32, references: u32 });

const common = {
  mac: [NDA_LLADDR, linkAddress],
  /** Entries that were made together have the same one. */
  cacheInfo: [NDA_CACHEINFO, shared(cacheInfo)],
  probes: [NDA_PROBES, u32],
  /** In a dump request: the link whose entries are asked for. Of FDB entries: the link that packets to a VTEP leave by. */
  outgoing: [NDA_IFINDEX, u32],
  /** Index of the bridge that the entry is in. */
  master: [NDA_MASTER, u32],
  linkNetnsId: [NDA_LINK_NETNSID, s32],
  /** RTPROT_*: who made it. */
  protocol: [NDA_PROTOCOL, u8],
  extendedFlags: [NDA_FLAGS_EXT, extendedFlags],
} as const;

export const neighbourAttributes = attributes(() => ({
  address: [NDA_DST, ip],
  ...common,
}));

/** RTM_*NEIGH of the families AF_INET and AF_INET6. */
export const neighbourBody = body(ndmsg, neighbourAttributes);

export const fdbAttributes = attributes(() => ({
  /** The VTEP. */
  destination: [NDA_DST, ip],
  ...common,
  vlan: [NDA_VLAN, u16],
  /** UDP port of the remote VTEP, big-endian on the wire. */
  port: [NDA_PORT, be16],
  vni: [NDA_VNI, vni],
  /** Of a vxlan device that takes all VNIs (`external`): the VNI whose frames the entry is for. */
  sourceVni: [NDA_SRC_VNI, vni],
  /** A nexthop group of FDB next hops in the place of one destination. */
  nextHopId: [NDA_NH_ID, u32],
  activity: [
    NDA_FDB_EXT_ATTRS,
    nested(
      attributes(() => ({
        /** The bridge tells when the entry turns active or inactive. */
        notify: [NFEA_ACTIVITY_NOTIFY, bits(u8, { enabled: FDB_NOTIFY_BIT, inactive: FDB_NOTIFY_INACTIVE_BIT })],
        /** An update does not count as activity. */
        doNotRefresh: [NFEA_DONT_REFRESH, flag],
      })),
    ),
  ],
  /** Which states and flags a bulk deletion looks at. */
  stateMask: [NDA_NDM_STATE_MASK, neighbourState],
  flagsMask: [NDA_NDM_FLAGS_MASK, neighbourFlags],
}));

/** RTM_*NEIGH of the family AF_BRIDGE: forwarding entries of bridges and vxlan devices. */
export const fdbBody = body(ndmsg, fdbAttributes);
