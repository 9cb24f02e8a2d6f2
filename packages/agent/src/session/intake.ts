import { type Notification, type SpecObject, specKey } from '@kcore/contract';
import type { SpecWrite } from '../store/node-store.ts';

type SpecChange = Notification<'spec.change'>;

/** Objects one change may have, in all its parts. A node with as many could not run them. */
const OBJECTS_MOST = 1_000_000;

/** The controller broke the protocol; a new session without a revision brings a snapshot and mends it. */
export class SpecMismatchError extends Error {
  override readonly name = 'SpecMismatchError';
}

interface Gathered {
  readonly epoch: string;
  readonly revision: number;
  readonly clear: boolean;
  readonly set: ReadonlyMap<string, SpecObject>;
  readonly delete: ReadonlySet<string>;
}

/**
 * Gathers what the controller sends until it can be written: the parts of one change, and whole changes that came
 * while an earlier one was being written. It holds each key once, however many changes there were.
 */
export interface Intake {
  /** @throws {SpecMismatchError} when the change does not follow what is held. */
  accept(change: SpecChange): void;
  /** What is complete, once. */
  take(): SpecWrite | undefined;
}

/** `held`: the epoch and revision that changes are to follow; absent: only a snapshot can come. */
export function createIntake(held: { readonly epoch: string; readonly revision: number } | undefined): Intake {
  const state: { latest?: { readonly epoch: string; readonly revision: number }; parts?: Gathered; ready?: Gathered } =
    held === undefined ? {} : { latest: { epoch: held.epoch, revision: held.revision } };
  return {
    accept(change) {
      if (!change.snapshot && state.parts === undefined) mustFollow(change, state.latest);
      const parts = gather(state.parts, change);
      if (parts.set.size > OBJECTS_MOST) throw new SpecMismatchError(`a change of more than ${OBJECTS_MOST} objects`);
      if (change.more === true) {
        state.parts = parts;
        return;
      }
      delete state.parts;
      state.latest = { epoch: change.epoch, revision: change.revision };
      state.ready = parts.clear || state.ready === undefined ? parts : join(state.ready, parts);
    },
    take() {
      const { ready } = state;
      delete state.ready;
      return ready === undefined
        ? undefined
        : { ...ready, set: [...ready.set.values()], delete: [...ready.delete].filter((key) => !ready.set.has(key)) };
    },
  };
}

function mustFollow(
  change: SpecChange,
  latest: { readonly epoch: string; readonly revision: number } | undefined,
): void {
  if (latest === undefined) throw new SpecMismatchError('a difference came to a node that holds nothing');
  if (change.epoch !== latest.epoch)
    throw new SpecMismatchError(`a difference of epoch ${change.epoch} came on top of epoch ${latest.epoch}`);
  if (change.revision < latest.revision)
    throw new SpecMismatchError(`the revision went back from ${latest.revision} to ${change.revision}`);
}

function gather(before: Gathered | undefined, change: SpecChange): Gathered {
  const fresh = change.snapshot || before === undefined;
  const part: Gathered = {
    epoch: change.epoch,
    revision: change.revision,
    clear: change.snapshot,
    set: new Map(change.set.map((object) => [specKey(object), object])),
    delete: new Set(change.delete),
  };
  return fresh ? part : join(before, part);
}

function join(before: Gathered, after: Gathered): Gathered {
  const set = new Map(before.set);
  for (const key of after.delete) set.delete(key);
  for (const [key, object] of after.set) set.set(key, object);
  const { epoch, revision } = after;
  return {
    epoch,
    revision,
    clear: before.clear || after.clear,
    set,
    delete: new Set([...before.delete, ...after.delete]),
  };
}
