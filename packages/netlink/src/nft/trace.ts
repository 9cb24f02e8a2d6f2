import { attributes } from '../codec/attributes.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { nested } from '../codec/nested.ts';
import { be16, be32, be64, bytes, u8 } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import {
  NFT_TRACETYPE_POLICY,
  NFT_TRACETYPE_RETURN,
  NFT_TRACETYPE_RULE,
  NFTA_TRACE_CHAIN,
  NFTA_TRACE_CT_DIRECTION,
  NFTA_TRACE_CT_ID,
  NFTA_TRACE_CT_STATE,
  NFTA_TRACE_CT_STATUS,
  NFTA_TRACE_ID,
  NFTA_TRACE_IIF,
  NFTA_TRACE_IIFTYPE,
  NFTA_TRACE_LL_HEADER,
  NFTA_TRACE_MARK,
  NFTA_TRACE_NETWORK_HEADER,
  NFTA_TRACE_NFPROTO,
  NFTA_TRACE_OIF,
  NFTA_TRACE_OIFTYPE,
  NFTA_TRACE_POLICY,
  NFTA_TRACE_RULE_HANDLE,
  NFTA_TRACE_TABLE,
  NFTA_TRACE_TRANSPORT_HEADER,
  NFTA_TRACE_TYPE,
  NFTA_TRACE_VERDICT,
} from '../uapi/nf-tables.ts';
import { verdictAttributes } from './data.ts';
import { type Family, familyOfHeader, nfgenmsg } from './header.ts';
import { formatVerdict } from './verdict.ts';

const traceAttributes = attributes(() => ({
  table: [NFTA_TRACE_TABLE, cstring],
  chain: [NFTA_TRACE_CHAIN, cstring],
  /** The rule's handle. */
  rule: [NFTA_TRACE_RULE_HANDLE, be64],
  type: [NFTA_TRACE_TYPE, be32],
  verdict: [NFTA_TRACE_VERDICT, nested(verdictAttributes)],
  /** The same in all messages about one packet. */
  id: [NFTA_TRACE_ID, be32],
  /** The packet's headers come with its first message. */
  linkHeader: [NFTA_TRACE_LL_HEADER, bytes],
  networkHeader: [NFTA_TRACE_NETWORK_HEADER, bytes],
  transportHeader: [NFTA_TRACE_TRANSPORT_HEADER, bytes],
  /** Indexes of links, and their types (ARPHRD_*). */
  inputIndex: [NFTA_TRACE_IIF, be32],
  inputType: [NFTA_TRACE_IIFTYPE, be16],
  outputIndex: [NFTA_TRACE_OIF, be32],
  outputType: [NFTA_TRACE_OIFTYPE, be16],
  mark: [NFTA_TRACE_MARK, be32],
  /** NFPROTO_* of the packet. */
  protocol: [NFTA_TRACE_NFPROTO, be32],
  /** NF_ACCEPT or NF_DROP. */
  policy: [NFTA_TRACE_POLICY, be32],
  connection: [NFTA_TRACE_CT_ID, be32],
  connectionDirection: [NFTA_TRACE_CT_DIRECTION, u8],
  connectionStatus: [NFTA_TRACE_CT_STATUS, be32],
  connectionState: [NFTA_TRACE_CT_STATE, be32],
}));
export const traceBody = body(nfgenmsg, traceAttributes);

/** A step of a packet that a rule traces (`meta nftrace set 1`): a rule matched, or a chain ended. */
export type NftTrace = Omit<Infer<typeof traceAttributes>, 'type' | 'verdict'> & {
  readonly family: Family;
  readonly step: 'rule' | 'return' | 'policy' | 'other';
  /** `accept`, `jump <chain>`. */
  readonly verdict?: string;
};

const steps: ReadonlyMap<number | undefined, NftTrace['step']> = new Map([
  [NFT_TRACETYPE_RULE, 'rule'],
  [NFT_TRACETYPE_RETURN, 'return'],
  [NFT_TRACETYPE_POLICY, 'policy'],
]);

export function traceOf({ header, attributes: read }: Infer<typeof traceBody>): NftTrace | undefined {
  const family = familyOfHeader(header);
  if (family === undefined) return undefined;
  const { type, verdict, ...rest } = read;
  return {
    family,
    step: steps.get(type) ?? 'other',
    ...(verdict === undefined ? {} : { verdict: formatVerdict(verdict) }),
    ...rest,
  };
}
