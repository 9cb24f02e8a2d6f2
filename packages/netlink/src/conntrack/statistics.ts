import { attributes } from '../codec/attributes.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { be32 } from '../codec/scalar.ts';
import { readBody } from '../message/message.ts';
import { type DumpRequest, dumpOf, queryOf, type Request } from '../message/request.ts';
import { nfgenmsg } from '../nft/header.ts';
import {
  CTA_STATS_CHAIN_TOOLONG,
  CTA_STATS_CLASH_RESOLVE,
  CTA_STATS_DROP,
  CTA_STATS_EARLY_DROP,
  CTA_STATS_ERROR,
  CTA_STATS_FOUND,
  CTA_STATS_GLOBAL_ENTRIES,
  CTA_STATS_GLOBAL_MAX_ENTRIES,
  CTA_STATS_INSERT,
  CTA_STATS_INSERT_FAILED,
  CTA_STATS_INVALID,
  CTA_STATS_SEARCH_RESTART,
  CTA_STATS_SEARCHED,
  IPCTNL_MSG_CT_GET_STATS,
  IPCTNL_MSG_CT_GET_STATS_CPU,
} from '../uapi/nfnetlink-conntrack.ts';
import { conntrackType } from './message-type.ts';

const perCpu = attributes(() => ({
  searched: [CTA_STATS_SEARCHED, be32],
  found: [CTA_STATS_FOUND, be32],
  invalid: [CTA_STATS_INVALID, be32],
  insert: [CTA_STATS_INSERT, be32],
  insertFailed: [CTA_STATS_INSERT_FAILED, be32],
  /** The table is full. */
  drop: [CTA_STATS_DROP, be32],
  earlyDrop: [CTA_STATS_EARLY_DROP, be32],
  error: [CTA_STATS_ERROR, be32],
  searchRestart: [CTA_STATS_SEARCH_RESTART, be32],
  clashResolved: [CTA_STATS_CLASH_RESOLVE, be32],
  chainTooLong: [CTA_STATS_CHAIN_TOOLONG, be32],
}));

/** What one processor counted since the namespace was made; the numbers are 32 bits wide and wrap. */
export type ConntrackCpuStatistics = Infer<typeof perCpu> & { readonly cpu: number };

const perCpuBody = body(nfgenmsg, perCpu);

/** Counters of each processor. */
export function cpuStatistics(): DumpRequest<ConntrackCpuStatistics> {
  return dumpOf({
    operation: 'list conntrack statistics',
    type: conntrackType(IPCTNL_MSG_CT_GET_STATS_CPU),
    codec: perCpuBody,
    value: { header: nfgenmsg.fill({}), attributes: {} },
    itemCodec: perCpuBody,
    // The processor's number is where other messages have a resource.
    item: ({ header, attributes: read }) => ({ ...read, cpu: header.resourceId }),
  });
}

const total = attributes(() => ({
  entries: [CTA_STATS_GLOBAL_ENTRIES, be32],
  /** net.netfilter.nf_conntrack_max. */
  maxEntries: [CTA_STATS_GLOBAL_MAX_ENTRIES, be32],
}));
/** How full the namespace's table is. */
export type ConntrackTotal = Infer<typeof total>;

const totalBody = body(nfgenmsg, total);

/** How many connections are tracked in the namespace, and how many may be. */
export function totalStatistics(): Request<ConntrackTotal | undefined> {
  return queryOf({
    operation: 'get the number of conntrack entries',
    type: conntrackType(IPCTNL_MSG_CT_GET_STATS),
    codec: totalBody,
    value: { header: nfgenmsg.fill({}), attributes: {} },
    reply: (messages) => messages.map((message) => readBody(totalBody, message).attributes).at(-1),
  });
}
