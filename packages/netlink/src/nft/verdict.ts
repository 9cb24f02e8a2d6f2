import { attributes } from '../codec/attributes.ts';
import type { Infer } from '../codec/codec.ts';
import { nested } from '../codec/nested.ts';
import { bytes, sbe32 } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import { NF_ACCEPT, NF_DROP } from '../uapi/netfilter.ts';
import {
  NFT_CONTINUE,
  NFT_GOTO,
  NFT_JUMP,
  NFT_RETURN,
  NFTA_DATA_VALUE,
  NFTA_DATA_VERDICT,
  NFTA_VERDICT_CHAIN,
  NFTA_VERDICT_CODE,
} from '../uapi/nf-tables.ts';

const verdictAttributes = attributes({ code: [NFTA_VERDICT_CODE, sbe32], chain: [NFTA_VERDICT_CHAIN, cstring] });
export type VerdictData = Infer<typeof verdictAttributes>;

/** A register's content: bytes, or a verdict. Source: enum nft_data_attributes of linux/netfilter/nf_tables.h. */
export const dataAttributes = attributes({
  value: [NFTA_DATA_VALUE, bytes],
  verdict: [NFTA_DATA_VERDICT, nested(verdictAttributes)],
});
export type Data = Infer<typeof dataAttributes>;

const codes: Readonly<Record<string, number>> = {
  accept: NF_ACCEPT,
  drop: NF_DROP,
  continue: NFT_CONTINUE,
  return: NFT_RETURN,
};

const jumps: Readonly<Record<string, number>> = { jump: NFT_JUMP, goto: NFT_GOTO };

/** `accept`, `drop`, `continue`, `return`, `jump <chain>`, `goto <chain>`. @throws {RangeError} */
export function parseVerdict(text: string): VerdictData {
  const [word = '', chain, ...more] = text.split(' ');
  const code = codes[word];
  if (code !== undefined && chain === undefined) return { code };
  const jump = jumps[word];
  if (jump !== undefined && chain !== undefined && chain !== '' && more.length === 0) return { code: jump, chain };
  throw new RangeError(`'${text}' is not a verdict (accept, drop, continue, return, jump <chain> or goto <chain>)`);
}

export function formatVerdict({ code = 0, chain }: VerdictData): string {
  const names = chain === undefined ? codes : jumps;
  const word = Object.keys(names).find((name) => names[name] === code) ?? String(code);
  return chain === undefined ? word : `${word} ${chain}`;
}
