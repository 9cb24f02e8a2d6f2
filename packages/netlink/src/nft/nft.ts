import { chains } from './chain.ts';
import { elements } from './element.ts';
import { generation } from './generation.ts';
import { rules } from './rule.ts';
import { sets } from './set.ts';
import { tables } from './table.ts';

/** Requests about nftables. What changes something only works within `nftTransaction`. */
export const nft = { tables, chains, sets, elements, rules, generation } as const;
