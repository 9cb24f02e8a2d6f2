import { decodeNftMessage, type NftEvent, type RawMessage } from '@kcore/netlink';
import { ownedFamily } from './owned.ts';

/**
 * What a notification is about, in the words of resource keys: `nft-table ip kcore deleted`, `nft-chain ip kcore
 * forward changed`. Undefined for what concerns neither kcore's tables nor a base chain of others.
 * @throws {MalformedError}
 */
export function describeNftEvent(message: RawMessage): string | undefined {
  const event = decodeNftMessage(message);
  if (event === undefined) return undefined;
  const verb = event.event === 'new' ? 'changed' : 'deleted';
  switch (event.kind) {
    case 'table': {
      const { family, name } = event.table;
      return ownedFamily(family, name) && `nft-table ${family} ${name} ${verb}`;
    }
    case 'set': {
      const { family, table, name } = event.set;
      return ownedFamily(family, table) && `nft-set ${family} ${table} ${name} ${verb}`;
    }
    case 'elements': {
      const { family, table, set } = event.elements;
      return ownedFamily(family, table) && `nft-set ${family} ${table} ${set} changed`;
    }
    case 'rule': {
      const { family, table, chain } = event.rule;
      return ownedFamily(family, table) && `nft-chain ${family} ${table} ${chain} changed`;
    }
    case 'chain':
      return describeChain(event, verb);
    case 'generation':
      return undefined;
  }
}

/** The kernel does not say of a chain that goes whether it was a base chain. */
function describeChain(event: Extract<NftEvent, { kind: 'chain' }>, verb: string): string | undefined {
  const { family, table, name, base } = event.chain;
  const text = `nft-chain ${family} ${table} ${name} ${verb}`;
  if (ownedFamily(family, table) !== undefined) return text;
  const sees = family === 'ip' || family === 'inet' || family === 'bridge';
  const decides = base?.hook === 'forward' || base?.hook === 'input';
  return sees && (decides || event.event === 'delete') ? text : undefined;
}
