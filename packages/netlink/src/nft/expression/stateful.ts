import { connlimit } from './connlimit.ts';
import { counter } from './counter.ts';
import { last } from './last.ts';
import { limit } from './limit.ts';
import { quota } from './quota.ts';
import { type ExpressionOf, expressionTable } from './table.ts';

/** What an element of a set may have of its own: a state that packets change. */
const statefulKinds = { counter, limit, quota, connlimit, last } as const;

/** A counter, limit, quota or the like, of an element of a set or a rule. */
export type StatefulExpression = ExpressionOf<typeof statefulKinds>;

export const statefulCodec = expressionTable(statefulKinds);
