import { chains } from './chain-requests.ts';
import { elements } from './element-requests.ts';
import { flowtables } from './flowtable.ts';
import { generation } from './generation.ts';
import { objects } from './object/object-requests.ts';
import { rules } from './rule-requests.ts';
import { sets } from './set-requests.ts';
import { tables } from './table.ts';

/** Requests about nftables. What changes something only works within `nftTransaction`. */
export const nft = { tables, chains, sets, elements, objects, flowtables, rules, generation } as const;
