import { attributes } from '../codec/attributes.ts';
import type { Codec, Infer } from '../codec/codec.ts';
import { nested } from '../codec/nested.ts';
import { be16, be32, be64, u8 } from '../codec/scalar.ts';
import { select } from '../codec/select.ts';
import { cstring } from '../codec/text.ts';
import * as uapi from '../uapi/nf-tables-expr.ts';
import { dataAttributes } from './verdict.ts';

/*
 * The expressions of a rule: what the kernel's virtual machine executes in order, handing values on in registers.
 * A new one is one table and one line in `expressionKinds`; the others are kept as bytes.
 * Source: include/uapi/linux/netfilter/nf_tables.h. Numbers are big-endian; data is in packet order, but in host order
 * where the kernel has it so (marks, connection states, lengths).
 */

const data = nested(dataAttributes);

/** Loads bytes of the packet. */
const payload = attributes({
  destination: [uapi.NFTA_PAYLOAD_DREG, be32],
  /** NFT_PAYLOAD_*_HEADER. */
  base: [uapi.NFTA_PAYLOAD_BASE, be32],
  offset: [uapi.NFTA_PAYLOAD_OFFSET, be32],
  length: [uapi.NFTA_PAYLOAD_LEN, be32],
  source: [uapi.NFTA_PAYLOAD_SREG, be32],
  checksumType: [uapi.NFTA_PAYLOAD_CSUM_TYPE, be32],
  checksumOffset: [uapi.NFTA_PAYLOAD_CSUM_OFFSET, be32],
  checksumFlags: [uapi.NFTA_PAYLOAD_CSUM_FLAGS, be32],
});

/** Loads, or sets from `source`, what is known about a packet beside its bytes. */
const meta = attributes({
  /** NFT_META_*. */
  key: [uapi.NFTA_META_KEY, be32],
  destination: [uapi.NFTA_META_DREG, be32],
  source: [uapi.NFTA_META_SREG, be32],
});

/** Loads, or sets from `source`, what is known about a packet's connection. */
const ct = attributes({
  /** NFT_CT_*. */
  key: [uapi.NFTA_CT_KEY, be32],
  destination: [uapi.NFTA_CT_DREG, be32],
  /** 0: original, 1: reply. */
  direction: [uapi.NFTA_CT_DIRECTION, u8],
  source: [uapi.NFTA_CT_SREG, be32],
});

/** Goes on with the rule only if the comparison holds. */
const cmp = attributes({
  source: [uapi.NFTA_CMP_SREG, be32],
  /** NFT_CMP_*. */
  operator: [uapi.NFTA_CMP_OP, be32],
  data: [uapi.NFTA_CMP_DATA, data],
});

const range = attributes({
  source: [uapi.NFTA_RANGE_SREG, be32],
  operator: [uapi.NFTA_RANGE_OP, be32],
  from: [uapi.NFTA_RANGE_FROM_DATA, data],
  to: [uapi.NFTA_RANGE_TO_DATA, data],
});

/** destination = (source & mask) ^ xor */
const bitwise = attributes({
  source: [uapi.NFTA_BITWISE_SREG, be32],
  destination: [uapi.NFTA_BITWISE_DREG, be32],
  length: [uapi.NFTA_BITWISE_LEN, be32],
  operator: [uapi.NFTA_BITWISE_OP, be32],
  mask: [uapi.NFTA_BITWISE_MASK, data],
  xor: [uapi.NFTA_BITWISE_XOR, data],
  data: [uapi.NFTA_BITWISE_DATA, data],
});

/** Looks a key up in a set; in a map, the data goes to `destination`, a verdict to register 0. */
const lookup = attributes({
  set: [uapi.NFTA_LOOKUP_SET, cstring],
  setId: [uapi.NFTA_LOOKUP_SET_ID, be32],
  source: [uapi.NFTA_LOOKUP_SREG, be32],
  destination: [uapi.NFTA_LOOKUP_DREG, be32],
  /** NFT_LOOKUP_F_INV: not in the set. */
  flags: [uapi.NFTA_LOOKUP_FLAGS, be32],
});

/** Loads a constant; a verdict goes to register 0. */
const immediate = attributes({
  destination: [uapi.NFTA_IMMEDIATE_DREG, be32],
  data: [uapi.NFTA_IMMEDIATE_DATA, data],
});

const nat = attributes({
  /** NFT_NAT_*. */
  type: [uapi.NFTA_NAT_TYPE, be32],
  /** NFPROTO_*. */
  family: [uapi.NFTA_NAT_FAMILY, be32],
  /** Registers. */
  addressMin: [uapi.NFTA_NAT_REG_ADDR_MIN, be32],
  addressMax: [uapi.NFTA_NAT_REG_ADDR_MAX, be32],
  portMin: [uapi.NFTA_NAT_REG_PROTO_MIN, be32],
  portMax: [uapi.NFTA_NAT_REG_PROTO_MAX, be32],
  /** NF_NAT_RANGE_*. */
  flags: [uapi.NFTA_NAT_FLAGS, be32],
});

const masq = attributes({
  flags: [uapi.NFTA_MASQ_FLAGS, be32],
  portMin: [uapi.NFTA_MASQ_REG_PROTO_MIN, be32],
  portMax: [uapi.NFTA_MASQ_REG_PROTO_MAX, be32],
});

const redir = attributes({
  portMin: [uapi.NFTA_REDIR_REG_PROTO_MIN, be32],
  portMax: [uapi.NFTA_REDIR_REG_PROTO_MAX, be32],
  flags: [uapi.NFTA_REDIR_FLAGS, be32],
});

const counter = attributes({
  bytes: [uapi.NFTA_COUNTER_BYTES, be64],
  packets: [uapi.NFTA_COUNTER_PACKETS, be64],
});

const limit = attributes({
  rate: [uapi.NFTA_LIMIT_RATE, be64],
  /** Seconds. */
  unit: [uapi.NFTA_LIMIT_UNIT, be64],
  burst: [uapi.NFTA_LIMIT_BURST, be32],
  /** 0: packets, 1: bytes (enum nft_limit_type). */
  type: [uapi.NFTA_LIMIT_TYPE, be32],
  flags: [uapi.NFTA_LIMIT_FLAGS, be32],
});

const log = attributes({
  group: [uapi.NFTA_LOG_GROUP, be16],
  prefix: [uapi.NFTA_LOG_PREFIX, cstring],
  snapLength: [uapi.NFTA_LOG_SNAPLEN, be32],
  queueThreshold: [uapi.NFTA_LOG_QTHRESHOLD, be16],
  level: [uapi.NFTA_LOG_LEVEL, be32],
  flags: [uapi.NFTA_LOG_FLAGS, be32],
});

const reject = attributes({
  /** NFT_REJECT_*. */
  type: [uapi.NFTA_REJECT_TYPE, be32],
  code: [uapi.NFTA_REJECT_ICMP_CODE, u8],
});

const expressionKinds = {
  payload,
  meta,
  ct,
  cmp,
  range,
  bitwise,
  lookup,
  immediate,
  nat,
  masq,
  redir,
  counter,
  limit,
  log,
  reject,
} as const;

export type ExpressionName = keyof typeof expressionKinds;
/** What an expression of that name holds. */
export type ExpressionData<N extends ExpressionName> = Infer<(typeof expressionKinds)[N]>;
type Known = {
  readonly [N in ExpressionName]: { readonly name: N; readonly data?: ExpressionData<N> };
}[ExpressionName];

/** One step of a rule. */
export type Expression = Known | { readonly name: string; readonly data?: Uint8Array };

const wire = attributes({
  name: [uapi.NFTA_EXPR_NAME, cstring],
  data: [uapi.NFTA_EXPR_DATA, select('name', expressionKinds)],
});

/** The payload of NFTA_LIST_ELEM in NFTA_RULE_EXPRESSIONS. */
// The select above ties the data to the name, which the compiler cannot follow; the kernel never leaves the name out.
export const expressionCodec = nested(wire as unknown as Codec<Expression>);

/** The data of an expression of that name; undefined for another one. */
export function expressionData<N extends ExpressionName>(
  expression: Expression | undefined,
  name: N,
): ExpressionData<N> | undefined {
  if (expression?.name !== name) return undefined;
  return (expression.data ?? {}) as ExpressionData<N>;
}
