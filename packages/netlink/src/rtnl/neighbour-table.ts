import { attributes } from '../codec/attributes.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { nested } from '../codec/nested.ts';
import { u8, u16, u32, u64 } from '../codec/scalar.ts';
import { pad, struct } from '../codec/struct.ts';
import { cstring } from '../codec/text.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../message/request.ts';
import {
  NDTA_CONFIG,
  NDTA_GC_INTERVAL,
  NDTA_NAME,
  NDTA_PARMS,
  NDTA_STATS,
  NDTA_THRESH1,
  NDTA_THRESH2,
  NDTA_THRESH3,
  NDTPA_ANYCAST_DELAY,
  NDTPA_APP_PROBES,
  NDTPA_BASE_REACHABLE_TIME,
  NDTPA_DELAY_PROBE_TIME,
  NDTPA_GC_STALETIME,
  NDTPA_IFINDEX,
  NDTPA_INTERVAL_PROBE_TIME_MS,
  NDTPA_LOCKTIME,
  NDTPA_MCAST_PROBES,
  NDTPA_MCAST_REPROBES,
  NDTPA_PROXY_DELAY,
  NDTPA_PROXY_QLEN,
  NDTPA_QUEUE_LEN,
  NDTPA_QUEUE_LENBYTES,
  NDTPA_REACHABLE_TIME,
  NDTPA_REFCNT,
  NDTPA_RETRANS_TIME,
  NDTPA_UCAST_PROBES,
} from '../uapi/neighbour.ts';
import { RTM_GETNEIGHTBL, RTM_SETNEIGHTBL } from '../uapi/rtnetlink.ts';
import { number64 } from './number64.ts';
import { ignored, refuse, TOLD } from './refuse.ts';
import { upTo } from './up-to.ts';

/** `struct ndtmsg`. Source: include/uapi/linux/neighbour.h. */
const ndtmsg = struct({ family: u8, padding: pad(3) });

/** The kernel takes 64 bits and keeps the lower 32, of which the upper half is some time after the last. */
const milliseconds = upTo(number64, 0x7fff_ffff);

/** Of a link, or of those that will be made (`default`). All times are milliseconds. */
const parameters = attributes(() => ({
  /** Absent: what new links begin with. */
  index: [NDTPA_IFINDEX, u32],
  references: [NDTPA_REFCNT, u32],
  reachableTime: [NDTPA_REACHABLE_TIME, milliseconds],
  baseReachableTime: [NDTPA_BASE_REACHABLE_TIME, milliseconds],
  retransmitTime: [NDTPA_RETRANS_TIME, milliseconds],
  staleTime: [NDTPA_GC_STALETIME, milliseconds],
  delayProbeTime: [NDTPA_DELAY_PROBE_TIME, milliseconds],
  /** Packets that wait for one address to be resolved; bytes. */
  queueLength: [NDTPA_QUEUE_LEN, u32],
  queueBytes: [NDTPA_QUEUE_LENBYTES, u32],
  applicationProbes: [NDTPA_APP_PROBES, u32],
  unicastProbes: [NDTPA_UCAST_PROBES, u32],
  multicastProbes: [NDTPA_MCAST_PROBES, u32],
  multicastReprobes: [NDTPA_MCAST_REPROBES, u32],
  anycastDelay: [NDTPA_ANYCAST_DELAY, milliseconds],
  proxyDelay: [NDTPA_PROXY_DELAY, milliseconds],
  proxyQueueLength: [NDTPA_PROXY_QLEN, u32],
  lockTime: [NDTPA_LOCKTIME, milliseconds],
  /** How often a `managed` neighbour is probed; kernels since 6.0. */
  intervalProbeTime: [NDTPA_INTERVAL_PROBE_TIME_MS, milliseconds],
}));
/** Times and limits of a table, or of one link in it. Milliseconds. */
export type NeighbourParameters = Infer<typeof parameters>;

const tableAttributes = attributes(() => ({
  /** `arp_cache`, `ndisc_cache`. */
  name: [NDTA_NAME, cstring],
  /** Entries that are never collected; that may be there for five seconds; that may be there at all. */
  threshold1: [NDTA_THRESH1, u32],
  threshold2: [NDTA_THRESH2, u32],
  threshold3: [NDTA_THRESH3, u32],
  /** Milliseconds. */
  collectionInterval: [NDTA_GC_INTERVAL, milliseconds],
  parameters: [NDTA_PARMS, nested(parameters)],
  config: [
    NDTA_CONFIG,
    struct({
      keyLength: u16,
      entrySize: u16,
      entries: u32,
      /** Milliseconds ago. */
      lastFlush: u32,
      lastRandom: u32,
      hashRandom: u32,
      hashMask: u32,
      hashChainCollection: u32,
      proxyQueueLength: u32,
    }),
  ],
  statistics: [
    NDTA_STATS,
    struct({
      allocations: u64,
      destructions: u64,
      hashGrows: u64,
      resolutionFailures: u64,
      lookups: u64,
      hits: u64,
      receivedMulticastProbes: u64,
      receivedUnicastProbes: u64,
      periodicCollections: u64,
      forcedCollections: u64,
      tableFulls: u64,
    }),
  ],
}));
export const neighbourTableBody = body(ndtmsg, tableAttributes);

/**
 * A message about a neighbour table: the table itself with the parameters of new links, or (without thresholds) the
 * parameters of one link.
 */
export type NeighbourTable = Infer<typeof tableAttributes> & { readonly family: number };

/**
 * What is to be changed. Thresholds and the interval are the host's: in another namespace than the first the kernel
 * answers ENOENT to them. Parameters without an index are those of new links.
 */
export type NeighbourTableChange = Pick<
  NeighbourTable,
  'threshold1' | 'threshold2' | 'threshold3' | 'collectionInterval' | 'parameters'
> & { readonly name: string; readonly family?: number };

export function neighbourTableOf({ header, attributes: read }: Infer<typeof neighbourTableBody>): NeighbourTable {
  return { ...read, family: header.family };
}

// What the kernel takes in a request, answers with success, and does not do (seen in Linux 6.18).
const ignoredOfTable = ignored({ config: TOLD, statistics: TOLD });
const ignoredParameters = ignored({
  references: TOLD,
  reachableTime: 'the kernel chooses it at random; give baseReachableTime',
});

/**
 * Changes thresholds of a table, or parameters of a table or of one link in it; only what is mentioned.
 * @throws {ValueError} What the kernel would take and not do, and times of 2^31 ms (25 days) or more.
 */
function change(wanted: NeighbourTableChange): Request<void> {
  refuse(ignoredOfTable, wanted);
  if (wanted.parameters !== undefined) refuse(ignoredParameters, wanted.parameters, 'parameters');
  const { family = 0, ...attributesSet } = wanted;
  return requestOf({
    operation: `change neighbour table ${wanted.name}`,
    type: RTM_SETNEIGHTBL,
    codec: neighbourTableBody,
    value: { header: ndtmsg.fill({ family }), attributes: attributesSet },
  });
}

/** Each table, followed by one message for each link that has parameters of its own. */
function list(filter: { readonly family?: number; readonly index?: number } = {}): DumpRequest<NeighbourTable> {
  const { family, index } = filter;
  return dumpOf({
    operation: 'list neighbour tables',
    type: RTM_GETNEIGHTBL,
    codec: neighbourTableBody,
    value: { header: ndtmsg.fill(family === undefined ? {} : { family }), attributes: {} },
    itemCodec: neighbourTableBody,
    item(read) {
      const ofFamily = family === undefined || read.header.family === family;
      const ofLink = index === undefined || read.attributes.parameters?.index === index;
      return ofFamily && ofLink ? neighbourTableOf(read) : undefined;
    },
  });
}

/** Requests about the tables that neighbours are in: how many there may be, how long they live, how often they are probed. */
export const neighbourTables = { change, list } as const;
