import { NF_ACCEPT, NF_DROP, NF_QUEUE } from '../uapi/netfilter.ts';
import { NFT_BREAK, NFT_CONTINUE, NFT_GOTO, NFT_JUMP, NFT_RETURN } from '../uapi/nf-tables.ts';
import type { VerdictData } from './data.ts';

const codes: Readonly<Record<string, number>> = {
  accept: NF_ACCEPT,
  drop: NF_DROP,
  queue: NF_QUEUE,
  continue: NFT_CONTINUE,
  break: NFT_BREAK,
  return: NFT_RETURN,
};

const jumps: Readonly<Record<string, number>> = { jump: NFT_JUMP, goto: NFT_GOTO };

const codeNames = new Map(Object.entries(codes).map(([name, code]) => [code, name]));
const jumpNames = new Map(Object.entries(jumps).map(([name, code]) => [code, name]));

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
  const word = (chain === undefined ? codeNames : jumpNames).get(code) ?? String(code);
  return chain === undefined ? word : `${word} ${chain}`;
}
