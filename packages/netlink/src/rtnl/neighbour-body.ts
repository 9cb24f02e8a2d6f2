import { ip, linkAddress } from '../codec/address.ts';
import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { be16, s32, u8, u16, u32 } from '../codec/scalar.ts';
import { pad, struct } from '../codec/struct.ts';
import {
  NDA_CACHEINFO,
  NDA_DST,
  NDA_FLAGS_EXT,
  NDA_IFINDEX,
  NDA_LINK_NETNSID,
  NDA_LLADDR,
  NDA_MASTER,
  NDA_NH_ID,
  NDA_PORT,
  NDA_PROBES,
  NDA_PROTOCOL,
  NDA_SRC_VNI,
  NDA_VLAN,
  NDA_VNI,
  NTF_EXT_LEARNED,
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
export type NeighbourFlags = Infer<typeof neighbourFlags>;

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

/** Neighbours and FDB entries are one message type; the family AF_BRIDGE tells them apart. */
export const neighbourAttributes = attributes({
  destination: [NDA_DST, ip],
  mac: [NDA_LLADDR, linkAddress],
  cacheInfo: [NDA_CACHEINFO, struct({ confirmed: u32, used: u32, updated: u32, references: u32 })],
  probes: [NDA_PROBES, u32],
  vlan: [NDA_VLAN, u16],
  /** UDP port of the remote VTEP, big-endian on the wire. */
  port: [NDA_PORT, be16],
  vni: [NDA_VNI, u32],
  sourceVni: [NDA_SRC_VNI, u32],
  /** The link that packets to a remote VTEP leave by; in a dump request, the link whose entries are asked for. */
  outgoing: [NDA_IFINDEX, u32],
  /** Index of the bridge that the entry is in. */
  master: [NDA_MASTER, u32],
  linkNetnsId: [NDA_LINK_NETNSID, s32],
  protocol: [NDA_PROTOCOL, u8],
  nextHopId: [NDA_NH_ID, u32],
  extendedFlags: [NDA_FLAGS_EXT, u32],
});

export const neighbourBody = body(ndmsg, neighbourAttributes);
