import { ipv4, ipv6 } from '../codec/address.ts';
import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { nested } from '../codec/nested.ts';
import { be16, be32, be64, bytes, u8, u32 } from '../codec/scalar.ts';
import { struct } from '../codec/struct.ts';
import { cstring } from '../codec/text.ts';
import { nfgenmsg } from '../nft/header.ts';
import {
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_DST_NAT,
  IPS_DST_NAT_DONE,
  IPS_DYING,
  IPS_EXPECTED,
  IPS_FIXED_TIMEOUT,
  IPS_HELPER,
  IPS_HW_OFFLOAD,
  IPS_OFFLOAD,
  IPS_SEEN_REPLY,
  IPS_SEQ_ADJUST,
  IPS_SRC_NAT,
  IPS_SRC_NAT_DONE,
  IPS_TEMPLATE,
  IPS_UNTRACKED,
} from '../uapi/nf-conntrack-common.ts';
import {
  IP_CT_EXP_CHALLENGE_ACK,
  IP_CT_TCP_FLAG_BE_LIBERAL,
  IP_CT_TCP_FLAG_CLOSE_INIT,
  IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED,
  IP_CT_TCP_FLAG_MAXACK_SET,
  IP_CT_TCP_FLAG_SACK_PERM,
  IP_CT_TCP_FLAG_WINDOW_SCALE,
  IP_CT_TCP_SIMULTANEOUS_OPEN,
} from '../uapi/nf-conntrack-tcp.ts';
import {
  CTA_COUNTERS_BYTES,
  CTA_COUNTERS_ORIG,
  CTA_COUNTERS_PACKETS,
  CTA_COUNTERS_REPLY,
  CTA_FILTER,
  CTA_FILTER_ORIG_FLAGS,
  CTA_FILTER_REPLY_FLAGS,
  CTA_HELP,
  CTA_HELP_INFO,
  CTA_HELP_NAME,
  CTA_ID,
  CTA_LABELS,
  CTA_LABELS_MASK,
  CTA_MARK,
  CTA_MARK_MASK,
  CTA_NAT_DST,
  CTA_NAT_PROTO,
  CTA_NAT_SRC,
  CTA_NAT_V4_MAXIP,
  CTA_NAT_V4_MINIP,
  CTA_NAT_V6_MAXIP,
  CTA_NAT_V6_MINIP,
  CTA_PROTOINFO,
  CTA_PROTOINFO_DCCP,
  CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ,
  CTA_PROTOINFO_DCCP_ROLE,
  CTA_PROTOINFO_DCCP_STATE,
  CTA_PROTOINFO_SCTP,
  CTA_PROTOINFO_SCTP_STATE,
  CTA_PROTOINFO_SCTP_VTAG_ORIGINAL,
  CTA_PROTOINFO_SCTP_VTAG_REPLY,
  CTA_PROTOINFO_TCP,
  CTA_PROTOINFO_TCP_FLAGS_ORIGINAL,
  CTA_PROTOINFO_TCP_FLAGS_REPLY,
  CTA_PROTOINFO_TCP_STATE,
  CTA_PROTOINFO_TCP_WSCALE_ORIGINAL,
  CTA_PROTOINFO_TCP_WSCALE_REPLY,
  CTA_PROTONAT_PORT_MAX,
  CTA_PROTONAT_PORT_MIN,
  CTA_SECCTX,
  CTA_SECCTX_NAME,
  CTA_SEQ_ADJ_ORIG,
  CTA_SEQ_ADJ_REPLY,
  CTA_SEQADJ_CORRECTION_POS,
  CTA_SEQADJ_OFFSET_AFTER,
  CTA_SEQADJ_OFFSET_BEFORE,
  CTA_STATUS,
  CTA_STATUS_MASK,
  CTA_SYNPROXY,
  CTA_SYNPROXY_ISN,
  CTA_SYNPROXY_ITS,
  CTA_SYNPROXY_TSOFF,
  CTA_TIMEOUT,
  CTA_TIMESTAMP,
  CTA_TIMESTAMP_START,
  CTA_TIMESTAMP_STOP,
  CTA_TUPLE_MASTER,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_REPLY,
  CTA_USE,
  CTA_ZONE,
} from '../uapi/nfnetlink-conntrack.ts';
import { tuple } from './tuple.ts';

const counters = attributes(() => ({ packets: [CTA_COUNTERS_PACKETS, be64], bytes: [CTA_COUNTERS_BYTES, be64] }));

/** Bits of `struct nf_ct_tcp_flags`. */
const tcpFlags = bits(u8, {
  windowScale: IP_CT_TCP_FLAG_WINDOW_SCALE,
  sackPermitted: IP_CT_TCP_FLAG_SACK_PERM,
  closeInit: IP_CT_TCP_FLAG_CLOSE_INIT,
  /** Segments outside the window are let through. */
  beLiberal: IP_CT_TCP_FLAG_BE_LIBERAL,
  dataUnacknowledged: IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED,
  maxAckSet: IP_CT_TCP_FLAG_MAXACK_SET,
  expectChallengeAck: IP_CT_EXP_CHALLENGE_ACK,
  simultaneousOpen: IP_CT_TCP_SIMULTANEOUS_OPEN,
});

/** `mask` has the flags that a request changes. */
const maskedTcpFlags = struct({ flags: tcpFlags, mask: tcpFlags });

const tcp = attributes(() => ({
  /** TCP_CONNTRACK_*: 1 SYN_SENT, 3 ESTABLISHED, 7 TIME_WAIT. */
  state: [CTA_PROTOINFO_TCP_STATE, u8],
  originalWindowScale: [CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, u8],
  replyWindowScale: [CTA_PROTOINFO_TCP_WSCALE_REPLY, u8],
  originalFlags: [CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, maskedTcpFlags],
  replyFlags: [CTA_PROTOINFO_TCP_FLAGS_REPLY, maskedTcpFlags],
}));

const dccp = attributes(() => ({
  state: [CTA_PROTOINFO_DCCP_STATE, u8],
  role: [CTA_PROTOINFO_DCCP_ROLE, u8],
  handshakeSequence: [CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ, be64],
}));

const sctp = attributes(() => ({
  state: [CTA_PROTOINFO_SCTP_STATE, u8],
  originalTag: [CTA_PROTOINFO_SCTP_VTAG_ORIGINAL, be32],
  replyTag: [CTA_PROTOINFO_SCTP_VTAG_REPLY, be32],
}));

const sequenceAdjustment = attributes(() => ({
  position: [CTA_SEQADJ_CORRECTION_POS, be32],
  offsetBefore: [CTA_SEQADJ_OFFSET_BEFORE, be32],
  offsetAfter: [CTA_SEQADJ_OFFSET_AFTER, be32],
}));

/** The range that a new connection is translated to; only in requests that make one. */
const translation = attributes(() => ({
  minAddress: [CTA_NAT_V4_MINIP, ipv4],
  maxAddress: [CTA_NAT_V4_MAXIP, ipv4],
  minAddress6: [CTA_NAT_V6_MINIP, ipv6],
  maxAddress6: [CTA_NAT_V6_MAXIP, ipv6],
  ports: [
    CTA_NAT_PROTO,
    nested(attributes(() => ({ min: [CTA_PROTONAT_PORT_MIN, be16], max: [CTA_PROTONAT_PORT_MAX, be16] }))),
  ],
}));

export const status = bits(be32, {
  expected: IPS_EXPECTED,
  seenReply: IPS_SEEN_REPLY,
  /** It is not dropped early when the table is full. */
  assured: IPS_ASSURED,
  confirmed: IPS_CONFIRMED,
  sourceNat: IPS_SRC_NAT,
  destinationNat: IPS_DST_NAT,
  sequenceAdjusted: IPS_SEQ_ADJUST,
  sourceNatDone: IPS_SRC_NAT_DONE,
  destinationNatDone: IPS_DST_NAT_DONE,
  dying: IPS_DYING,
  fixedTimeout: IPS_FIXED_TIMEOUT,
  template: IPS_TEMPLATE,
  untracked: IPS_UNTRACKED,
  helper: IPS_HELPER,
  /** In a flow table: packets go past the firewall's rules. */
  offloaded: IPS_OFFLOAD,
  hardwareOffloaded: IPS_HW_OFFLOAD,
});

export const entryAttributes = attributes(() => ({
  /** The addresses of the first packet, before any translation. */
  original: [CTA_TUPLE_ORIG, nested(tuple)],
  /** Those of its answers, as they come in. */
  reply: [CTA_TUPLE_REPLY, nested(tuple)],
  /** The connection that announced this one. */
  master: [CTA_TUPLE_MASTER, nested(tuple)],
  status: [CTA_STATUS, status],
  /** Which bits of `status` a filter looks at. */
  statusMask: [CTA_STATUS_MASK, status],
  protocolInfo: [
    CTA_PROTOINFO,
    nested(
      attributes(() => ({
        tcp: [CTA_PROTOINFO_TCP, nested(tcp)],
        dccp: [CTA_PROTOINFO_DCCP, nested(dccp)],
        sctp: [CTA_PROTOINFO_SCTP, nested(sctp)],
      })),
    ),
  ],
  helper: [CTA_HELP, nested(attributes(() => ({ name: [CTA_HELP_NAME, cstring], info: [CTA_HELP_INFO, bytes] })))],
  sourceNat: [CTA_NAT_SRC, nested(translation)],
  destinationNat: [CTA_NAT_DST, nested(translation)],
  /** Seconds left. */
  timeout: [CTA_TIMEOUT, be32],
  mark: [CTA_MARK, be32],
  /** Which bits of `mark` a filter looks at, or a request changes. */
  markMask: [CTA_MARK_MASK, be32],
  /** Only with net.netfilter.nf_conntrack_acct. */
  originalCounters: [CTA_COUNTERS_ORIG, nested(counters)],
  replyCounters: [CTA_COUNTERS_REPLY, nested(counters)],
  /** References to it in the kernel. */
  use: [CTA_USE, be32],
  id: [CTA_ID, be32],
  originalSequence: [CTA_SEQ_ADJ_ORIG, nested(sequenceAdjustment)],
  replySequence: [CTA_SEQ_ADJ_REPLY, nested(sequenceAdjustment)],
  zone: [CTA_ZONE, be16],
  securityContext: [CTA_SECCTX, nested(attributes(() => ({ name: [CTA_SECCTX_NAME, cstring] })))],
  /** Nanoseconds since 1970; only with net.netfilter.nf_conntrack_timestamp. `stop` is told when it ends. */
  timestamp: [
    CTA_TIMESTAMP,
    nested(attributes(() => ({ start: [CTA_TIMESTAMP_START, be64], stop: [CTA_TIMESTAMP_STOP, be64] }))),
  ],
  /** 128 bits that nftables sets by `ct label`, in words of host order. */
  labels: [CTA_LABELS, bytes],
  labelsMask: [CTA_LABELS_MASK, bytes],
  synProxy: [
    CTA_SYNPROXY,
    nested(
      attributes(() => ({
        initialSequence: [CTA_SYNPROXY_ISN, be32],
        initialTimestamp: [CTA_SYNPROXY_ITS, be32],
        timestampOffset: [CTA_SYNPROXY_TSOFF, be32],
      })),
    ),
  ],
  /** Which parts of the tuples a dump compares; only in requests. */
  filter: [
    CTA_FILTER,
    nested(attributes(() => ({ original: [CTA_FILTER_ORIG_FLAGS, u32], reply: [CTA_FILTER_REPLY_FLAGS, u32] }))),
  ],
}));

export const entryBody = body(nfgenmsg, entryAttributes);

/** A connection that the kernel tracks. Source: include/uapi/linux/netfilter/nfnetlink_conntrack.h. */
export type ConntrackEntry = Omit<Infer<typeof entryAttributes>, 'filter' | 'statusMask' | 'markMask'> & {
  readonly family: number;
};

/** The entry of a message's payload. */
export function entryOf({ header, attributes: read }: Infer<typeof entryBody>): ConntrackEntry {
  return { ...read, family: header.family };
}
