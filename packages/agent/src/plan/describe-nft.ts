import type { NftChain, NftElement, NftSet, NftTable } from '../model/resource.ts';
import { chainBody, elementText, ruleText, setBody } from './nft-text.ts';

/** nft objects as commands. Quoted for the shell, because nft's grammar uses its special characters. */
type NftResource = NftTable | NftSet | NftChain | NftElement;

export function nftCreate(want: NftResource): readonly string[] {
  switch (want.kind) {
    case 'nft-table':
      return [nft(`add table ${want.family} ${want.name}`)];
    case 'nft-set':
      return [nft(`add ${setWord(want)} ${path(want, want.name)} { ${setBody(want)}}`)];
    case 'nft-element':
      return [nft(`add element ${path(want, want.set)} ${elementText(want)}`)];
    case 'nft-chain': {
      const body = want.base === undefined ? '' : ` { ${chainBody(want.base)}}`;
      return [nft(`add chain ${path(want, want.name)}${body}`), ...rules(want)];
    }
  }
}

/** The chain's policy is said again, since `flush` leaves it. */
export function nftUpdate(want: NftChain): readonly string[] {
  const [add = '', ...rest] = nftCreate(want);
  const flush = nft(`flush chain ${path(want, want.name)}`);
  return want.base === undefined ? [flush, ...rest] : [flush, add, ...rest];
}

export function nftDelete(have: NftResource): readonly string[] {
  switch (have.kind) {
    case 'nft-table':
      return [nft(`delete table ${have.family} ${have.name}`)];
    case 'nft-set':
      return [nft(`delete ${setWord(have)} ${path(have, have.name)}`)];
    case 'nft-element':
      return [nft(`delete element ${path(have, have.set)} ${elementText({ key: have.key })}`)];
    case 'nft-chain':
      return [nft(`flush chain ${path(have, have.name)}`), nft(`delete chain ${path(have, have.name)}`)];
  }
}

function rules(chain: NftChain): readonly string[] {
  return chain.rules.map((rule) => nft(`add rule ${path(chain, chain.name)} ${ruleText(rule)}`));
}

function setWord({ data }: NftSet): 'set' | 'map' {
  return data === undefined ? 'set' : 'map';
}

function path({ family, table }: Pick<NftChain, 'family' | 'table'>, name: string): string {
  return `${family} ${table} ${name}`;
}

function nft(command: string): string {
  return `nft '${command}'`;
}
