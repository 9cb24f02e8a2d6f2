import type { Infer } from '../../codec/codec.ts';
import { bitwise } from './bitwise.ts';
import { byteorder } from './byteorder.ts';
import { cmp } from './cmp.ts';
import { connlimit } from './connlimit.ts';
import { counter } from './counter.ts';
import { ct } from './ct.ts';
import { dup } from './dup.ts';
import { dynset } from './dynset.ts';
import { exthdr } from './exthdr.ts';
import { fib } from './fib.ts';
import { flowOffload } from './flow-offload.ts';
import { fwd } from './fwd.ts';
import { hash } from './hash.ts';
import { immediate } from './immediate.ts';
import { inner } from './inner.ts';
import { last } from './last.ts';
import { limit } from './limit.ts';
import { log } from './log.ts';
import { lookup } from './lookup.ts';
import { masq } from './masq.ts';
import { match } from './match.ts';
import { meta } from './meta.ts';
import { nat } from './nat.ts';
import { notrack } from './notrack.ts';
import { numgen } from './numgen.ts';
import { objref } from './objref.ts';
import { osf } from './osf.ts';
import { payload } from './payload.ts';
import { queue } from './queue.ts';
import { quota } from './quota.ts';
import { range } from './range.ts';
import { redir } from './redir.ts';
import { reject } from './reject.ts';
import { rt } from './rt.ts';
import { socket } from './socket.ts';
import { synproxy } from './synproxy.ts';
import { type ExpressionOf, expressionTable } from './table.ts';
import { target } from './target.ts';
import { tproxy } from './tproxy.ts';
import { tunnel } from './tunnel.ts';
import { xfrm } from './xfrm.ts';

/*
 * The expressions of a rule: what the kernel's virtual machine executes in order, handing values on in registers.
 * A new one is one file and one line here; others are kept as bytes.
 * Source: include/uapi/linux/netfilter/nf_tables.h. Numbers are big-endian; data is in packet order, but in host order
 * where the kernel has it so (marks, indexes of links, connection states, lengths).
 */
export const expressionKinds = {
  payload,
  exthdr,
  meta,
  ct,
  rt,
  socket,
  osf,
  xfrm,
  tunnel,
  inner,
  fib,
  hash,
  numgen,
  immediate,
  bitwise,
  byteorder,
  cmp,
  range,
  lookup,
  dynset,
  objref,
  nat,
  masq,
  redir,
  tproxy,
  fwd,
  dup,
  flow_offload: flowOffload,
  synproxy,
  notrack,
  queue,
  reject,
  log,
  counter,
  limit,
  quota,
  connlimit,
  last,
  match,
  target,
} as const;

/** Names of the expressions that have a table, as the kernel calls them. */
export type ExpressionName = keyof typeof expressionKinds;
/** What an expression of that name holds. */
export type ExpressionData<N extends ExpressionName> = Infer<(typeof expressionKinds)[N]>;
/** One step of a rule. */
export type Expression = ExpressionOf<typeof expressionKinds>;

/** The payload of NFTA_LIST_ELEM in NFTA_RULE_EXPRESSIONS. */
export const expressionCodec = expressionTable(expressionKinds);

/** The data of an expression of that name; undefined for another one. */
export function expressionData<N extends ExpressionName>(
  expression: Expression | undefined,
  name: N,
): ExpressionData<N> | undefined {
  if (expression?.name !== name) return undefined;
  return (expression.data ?? {}) as ExpressionData<N>;
}
