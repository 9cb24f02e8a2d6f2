import { attributes } from '../../codec/attributes.ts';
import { be16, be32, u8, u32 } from '../../codec/scalar.ts';
import { select } from '../../codec/select.ts';
import { cstring } from '../../codec/text.ts';
import {
  NFTA_CT_EXPECT_DPORT,
  NFTA_CT_EXPECT_L3PROTO,
  NFTA_CT_EXPECT_L4PROTO,
  NFTA_CT_EXPECT_SIZE,
  NFTA_CT_EXPECT_TIMEOUT,
  NFTA_CT_HELPER_L3PROTO,
  NFTA_CT_HELPER_L4PROTO,
  NFTA_CT_HELPER_NAME,
  NFTA_CT_TIMEOUT_DATA,
  NFTA_CT_TIMEOUT_L3PROTO,
  NFTA_CT_TIMEOUT_L4PROTO,
} from '../../uapi/nf-tables-object.ts';
import * as cttimeout from '../../uapi/nfnetlink-cttimeout.ts';

/** A helper of connection tracking, such as `ftp`, for connections that a rule gives it. */
export const ctHelper = attributes(() => ({
  helper: [NFTA_CT_HELPER_NAME, cstring],
  /** NFPROTO_*; the kernel takes the table's when absent. */
  family: [NFTA_CT_HELPER_L3PROTO, be16],
  /** IPPROTO_*. */
  protocol: [NFTA_CT_HELPER_L4PROTO, u8],
}));

/** Seconds. */
const tcp = attributes(() => ({
  synSent: [cttimeout.CTA_TIMEOUT_TCP_SYN_SENT, be32],
  synReceived: [cttimeout.CTA_TIMEOUT_TCP_SYN_RECV, be32],
  established: [cttimeout.CTA_TIMEOUT_TCP_ESTABLISHED, be32],
  finWait: [cttimeout.CTA_TIMEOUT_TCP_FIN_WAIT, be32],
  closeWait: [cttimeout.CTA_TIMEOUT_TCP_CLOSE_WAIT, be32],
  lastAck: [cttimeout.CTA_TIMEOUT_TCP_LAST_ACK, be32],
  timeWait: [cttimeout.CTA_TIMEOUT_TCP_TIME_WAIT, be32],
  close: [cttimeout.CTA_TIMEOUT_TCP_CLOSE, be32],
  synSent2: [cttimeout.CTA_TIMEOUT_TCP_SYN_SENT2, be32],
  retransmission: [cttimeout.CTA_TIMEOUT_TCP_RETRANS, be32],
  unacknowledged: [cttimeout.CTA_TIMEOUT_TCP_UNACK, be32],
}));

/** Seconds. */
const udp = attributes(() => ({
  unreplied: [cttimeout.CTA_TIMEOUT_UDP_UNREPLIED, be32],
  replied: [cttimeout.CTA_TIMEOUT_UDP_REPLIED, be32],
}));

/** How long connections are kept, for those that a rule gives it. */
export const ctTimeout = attributes(() => ({
  family: [NFTA_CT_TIMEOUT_L3PROTO, be16],
  /** IPPROTO_TCP or IPPROTO_UDP; the timeouts of others are bytes. */
  protocol: [NFTA_CT_TIMEOUT_L4PROTO, u8],
  timeouts: [NFTA_CT_TIMEOUT_DATA, select('protocol', { 6: tcp, 17: udp })],
}));

/** Connections to come that belong to one that a rule gives it. */
export const ctExpectation = attributes(() => ({
  family: [NFTA_CT_EXPECT_L3PROTO, be16],
  protocol: [NFTA_CT_EXPECT_L4PROTO, u8],
  port: [NFTA_CT_EXPECT_DPORT, be16],
  /** Milliseconds. Unlike other numbers of nftables in host order. */
  timeout: [NFTA_CT_EXPECT_TIMEOUT, u32],
  /** How many connections at the most. */
  size: [NFTA_CT_EXPECT_SIZE, u8],
}));
