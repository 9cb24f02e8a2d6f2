import { createHash } from 'node:crypto';
import { KcoreError } from '@kcore/contract';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';

/** How long a request's answer is kept: longer than anybody retries. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;
/** Old ones forgotten with each new one, so that they go as fast as they come and none is slow. */
const FORGET = 4;

interface RequestRow {
  readonly hash: string;
  readonly result: unknown;
  readonly revision: number;
  readonly at: number;
}

export interface RequestOrigin {
  readonly requestId: string;
  /** Who asks and for what: another request under the same id is a mistake, not a retry. */
  readonly body: unknown;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Runs `effect` once for each request id: its result is written with what it does, and a repeated request gets it again.
 * A request that failed has changed nothing and is not remembered.
 * @throws {KcoreError} Aborted when the id was used for another request.
 */
export function once<T>(tx: Transaction, origin: RequestOrigin, effect: () => T): T {
  const key = keys.request(origin.requestId);
  const hash = createHash('sha256').update(canonical(origin.body)).digest('base64');
  const known = tx.get<RequestRow>(key)?.value;
  if (known !== undefined) {
    if (known.hash === hash) return known.result as T;
    throw new KcoreError('Aborted', `request id ${origin.requestId} was used before, for another request`, {
      remedy: 'make a new request id for every new request',
    });
  }
  const result = effect();
  tx.put(key, { hash, result, revision: tx.revision, at: origin.now } satisfies RequestRow);
  tx.put(keys.requestAge(origin.now, origin.requestId), origin.requestId);
  forget(tx, origin.now);
  return result;
}

function forget(tx: Transaction, now: number): void {
  const old: { readonly key: string; readonly id: string }[] = [];
  for (const { key, value: id } of tx.range<string>(keys.requestAges)) {
    const at = Number(key.split('/')[1]);
    if (old.length === FORGET || at + KEEP_MS > now) break;
    old.push({ key, id });
  }
  for (const { key, id } of old) {
    tx.delete(key);
    tx.delete(keys.request(id));
  }
}

/** JSON with the members of every object in order, so that equal bodies have equal texts. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
