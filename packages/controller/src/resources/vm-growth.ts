import type { Vm } from '@kcore/contract';
import { present } from '../present.ts';
import type { Transaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { nodeNamed } from './lookup.ts';
import { refuseGrowth } from './place.ts';
import { shareOf, UNUSED, usedByNode } from './share.ts';

/** A VM wants more of its node than before: to run, or to be larger. @throws {KcoreError} ResourceExhausted with figures. */
export function checkGrowth(tx: Transaction, context: Context, before: Vm, after: Vm): void {
  const change = { before: shareOf(before), after: shareOf(after) };
  const { name, facts } = nodeNamed(tx, before.node);
  const used = usedByNode(tx).get(name) ?? UNUSED;
  refuseGrowth(before.name, change, { name, ...present({ room: facts.room }), used }, context.overcommit);
}
