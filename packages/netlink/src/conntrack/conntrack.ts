import { ipv4, ipv6 } from '../codec/address.ts';
import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { nested } from '../codec/nested.ts';
import { be16, be32, be64, u8 } from '../codec/scalar.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../message/request.ts';
import { nfgenmsg } from '../nft/header.ts';
import {
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_DST_NAT,
  IPS_DYING,
  IPS_EXPECTED,
  IPS_SEEN_REPLY,
  IPS_SRC_NAT,
} from '../uapi/nf-conntrack-common.ts';
import { NFNL_SUBSYS_CTNETLINK } from '../uapi/nfnetlink.ts';
import {
  CTA_COUNTERS_BYTES,
  CTA_COUNTERS_ORIG,
  CTA_COUNTERS_PACKETS,
  CTA_COUNTERS_REPLY,
  CTA_ID,
  CTA_IP_V4_DST,
  CTA_IP_V4_SRC,
  CTA_IP_V6_DST,
  CTA_IP_V6_SRC,
  CTA_MARK,
  CTA_PROTO_DST_PORT,
  CTA_PROTO_ICMP_CODE,
  CTA_PROTO_ICMP_ID,
  CTA_PROTO_ICMP_TYPE,
  CTA_PROTO_NUM,
  CTA_PROTO_SRC_PORT,
  CTA_STATUS,
  CTA_TIMEOUT,
  CTA_TUPLE_IP,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_PROTO,
  CTA_TUPLE_REPLY,
  CTA_ZONE,
  IPCTNL_MSG_CT_DELETE,
  IPCTNL_MSG_CT_GET,
} from '../uapi/nfnetlink-conntrack.ts';
import { AF_INET } from '../uapi/socket.ts';

const tuple = attributes({
  ip: [
    CTA_TUPLE_IP,
    nested(
      attributes({
        source: [CTA_IP_V4_SRC, ipv4],
        destination: [CTA_IP_V4_DST, ipv4],
        source6: [CTA_IP_V6_SRC, ipv6],
        destination6: [CTA_IP_V6_DST, ipv6],
      }),
    ),
  ],
  protocol: [
    CTA_TUPLE_PROTO,
    nested(
      attributes({
        /** IPPROTO_*. */
        number: [CTA_PROTO_NUM, u8],
        sourcePort: [CTA_PROTO_SRC_PORT, be16],
        destinationPort: [CTA_PROTO_DST_PORT, be16],
        icmpId: [CTA_PROTO_ICMP_ID, be16],
        icmpType: [CTA_PROTO_ICMP_TYPE, u8],
        icmpCode: [CTA_PROTO_ICMP_CODE, u8],
      }),
    ),
  ],
});
/** One direction of a connection: addresses, and ports or an ICMP id. */
export type ConntrackTuple = Infer<typeof tuple>;

const counters = attributes({ packets: [CTA_COUNTERS_PACKETS, be64], bytes: [CTA_COUNTERS_BYTES, be64] });

const entryAttributes = attributes({
  original: [CTA_TUPLE_ORIG, nested(tuple)],
  reply: [CTA_TUPLE_REPLY, nested(tuple)],
  status: [
    CTA_STATUS,
    bits(be32, {
      expected: IPS_EXPECTED,
      seenReply: IPS_SEEN_REPLY,
      assured: IPS_ASSURED,
      confirmed: IPS_CONFIRMED,
      sourceNat: IPS_SRC_NAT,
      destinationNat: IPS_DST_NAT,
      dying: IPS_DYING,
    }),
  ],
  /** Seconds left. */
  timeout: [CTA_TIMEOUT, be32],
  mark: [CTA_MARK, be32],
  originalCounters: [CTA_COUNTERS_ORIG, nested(counters)],
  replyCounters: [CTA_COUNTERS_REPLY, nested(counters)],
  id: [CTA_ID, be32],
  zone: [CTA_ZONE, be16],
});
const entryBody = body(nfgenmsg, entryAttributes);

/** A connection that the kernel tracks. Source: include/uapi/linux/netfilter/nfnetlink_conntrack.h. */
export type ConntrackEntry = Infer<typeof entryAttributes> & { readonly family: number };

/** Compared with the original direction: what the first packet had before any NAT. */
export interface ConntrackFilter {
  /** IPPROTO_*. */
  readonly protocol?: number;
  readonly source?: string;
  readonly destination?: string;
  readonly destinationPort?: number;
}

function messageType(message: number): number {
  return (NFNL_SUBSYS_CTNETLINK << 8) | message;
}

function matches({ original }: ConntrackEntry, filter: ConntrackFilter): boolean {
  const { ip, protocol } = original ?? {};
  return (
    (filter.protocol === undefined || protocol?.number === filter.protocol) &&
    (filter.source === undefined || ip?.source === filter.source) &&
    (filter.destination === undefined || ip?.destination === filter.destination) &&
    (filter.destinationPort === undefined || protocol?.destinationPort === filter.destinationPort)
  );
}

/** IPv4 connections that agree with the filter, which is applied here: kernels before 5.8 have none. */
function list(filter: ConntrackFilter = {}): DumpRequest<ConntrackEntry> {
  return dumpOf({
    operation: 'list conntrack entries',
    type: messageType(IPCTNL_MSG_CT_GET),
    codec: entryBody,
    value: { header: nfgenmsg.fill({ family: AF_INET }), attributes: {} },
    itemCodec: entryBody,
    item({ header, attributes: read }) {
      const entry = { ...read, family: header.family };
      return header.family === AF_INET && matches(entry, filter) ? entry : undefined;
    },
  });
}

/** The text of one direction, for errors. */
function describe({ ip, protocol }: ConntrackTuple): string {
  const port = (number: number | undefined): string => (number === undefined ? '' : `:${number}`);
  const [from, to] = [ip?.source ?? ip?.source6, ip?.destination ?? ip?.destination6];
  return `${protocol?.number} ${from}${port(protocol?.sourcePort)} to ${to}${port(protocol?.destinationPort)}`;
}

/**
 * Ends one connection by its original direction. With an id, only if it is still that one. ENOENT when it is gone.
 * Without a tuple the kernel would end all connections, so that is refused.
 */
function deleteEntry(
  entry: Pick<ConntrackEntry, 'original' | 'id' | 'zone'> & { readonly family?: number },
): Request<void> {
  const { family = AF_INET, original, id, zone } = entry;
  if (original?.ip === undefined || original.protocol === undefined)
    throw new RangeError('a conntrack entry is deleted by its original addresses and protocol');
  return requestOf({
    operation: `delete conntrack entry ${describe(original)}`,
    type: messageType(IPCTNL_MSG_CT_DELETE),
    codec: entryBody,
    value: {
      header: nfgenmsg.fill({ family }),
      attributes: {
        original,
        ...(id === undefined ? {} : { id }),
        ...(zone === undefined ? {} : { zone }),
      },
    },
  });
}

/** Requests about tracked connections. */
export const conntrack = { list, delete: deleteEntry } as const;
