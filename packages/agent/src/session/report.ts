import type { Params, StatusObject } from '@kcore/contract';
import type { Clock } from '../model/clock.ts';
import type { StatusBoard } from '../status/board.ts';

/** Changes within this time go up together, milliseconds. */
const GATHER_MILLISECONDS = 20;
/** Objects in one message: far below the longest message that the controller accepts. */
const OBJECTS_PER_REPORT = 1_000;

export type Report = Params<'session.report'>;

/**
 * Sends status up for the life of one session: all of it first, then what changed. One report is under way at a time;
 * what changes meanwhile is gathered by key, so a slow controller gets the newest state of each object, once.
 *
 * Rejects with what `send` rejects with; resolves when the signal aborts.
 */
export async function reportStatus(
  board: StatusBoard,
  send: (report: Report) => Promise<unknown>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const dirty = new Set<string>();
  const waiting: { wake?: () => void } = {};
  const stop = board.watch((key) => {
    dirty.add(key);
    waiting.wake?.();
  });
  const onAbort = (): void => waiting.wake?.();
  signal.addEventListener('abort', onAbort);
  try {
    for (const report of snapshotReports(board.all())) await send(report);
    while (!signal.aborted) {
      if (dirty.size === 0) {
        await new Promise<void>((resolve) => {
          waiting.wake = resolve;
        });
        delete waiting.wake;
        await clock.sleep(GATHER_MILLISECONDS, signal).catch(() => {});
      } else {
        const keys = [...dirty].slice(0, OBJECTS_PER_REPORT);
        for (const key of keys) dirty.delete(key);
        await send(difference(board, keys));
      }
    }
  } finally {
    stop();
    signal.removeEventListener('abort', onAbort);
  }
}

function snapshotReports(objects: readonly StatusObject[]): readonly Report[] {
  const first: Report = { snapshot: true, set: objects.slice(0, OBJECTS_PER_REPORT), delete: [] };
  const reports = [first];
  for (let at = OBJECTS_PER_REPORT; at < objects.length; at += OBJECTS_PER_REPORT)
    reports.push({ snapshot: false, set: objects.slice(at, at + OBJECTS_PER_REPORT), delete: [] });
  return reports;
}

function difference(board: StatusBoard, keys: readonly string[]): Report {
  const set = keys.flatMap((key) => board.get(key) ?? []);
  return { snapshot: false, set, delete: keys.filter((key) => board.get(key) === undefined) };
}
