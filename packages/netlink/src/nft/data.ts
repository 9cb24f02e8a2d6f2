import { attributes } from '../codec/attributes.ts';
import type { Infer } from '../codec/codec.ts';
import { nested } from '../codec/nested.ts';
import { be32, bytes, sbe32 } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import {
  NFTA_DATA_VALUE,
  NFTA_DATA_VERDICT,
  NFTA_VERDICT_CHAIN,
  NFTA_VERDICT_CHAIN_ID,
  NFTA_VERDICT_CODE,
} from '../uapi/nf-tables.ts';

export const verdictAttributes = attributes(() => ({
  /** NF_ACCEPT, NF_DROP; NFT_JUMP and the others are negative. */
  code: [NFTA_VERDICT_CODE, sbe32],
  chain: [NFTA_VERDICT_CHAIN, cstring],
  /** Of a chain that is made in the same transaction, in place of its name. */
  chainId: [NFTA_VERDICT_CHAIN_ID, be32],
}));
/** A verdict as the kernel has it: a code, and for a jump the chain. */
export type VerdictData = Infer<typeof verdictAttributes>;

/** A register's content: bytes, or a verdict. Source: enum nft_data_attributes of linux/netfilter/nf_tables.h. */
const dataAttributes = attributes(() => ({
  value: [NFTA_DATA_VALUE, bytes],
  verdict: [NFTA_DATA_VERDICT, nested(verdictAttributes)],
}));
/** What a register, a key or a value of a map holds. */
export type Data = Infer<typeof dataAttributes>;

export const data = nested(dataAttributes);
