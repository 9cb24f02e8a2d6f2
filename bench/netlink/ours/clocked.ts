import { median } from '../../support/median.ts';

const REST_MILLISECONDS = 200;

/**
 * `timed` for work on values that were just made: making them is not timed, and so neither is what V8 still does for it
 * on its threads, where it marks and compacts a heap that grew by tens of megabytes.
 */
export async function timedAfterRest(work: () => Promise<unknown>): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, REST_MILLISECONDS));
  return await timed(work);
}

/** How long the work takes, in milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Does the work `times` times. The first is told by itself: nothing is compiled then. `ms` is the median of the rest. */
export async function repeated(
  times: number,
  work: () => Promise<{ readonly length: number }>,
): Promise<Readonly<Record<string, number>>> {
  const took: number[] = [];
  let items = 0;
  for (let turn = 0; turn < times; turn += 1) {
    took.push(
      await timed(async () => {
        items = (await work()).length;
      }),
    );
  }
  return { ms: median(took.slice(1)), first: took[0] ?? Number.NaN, items };
}

/** @throws unless the dump was whole. */
export function whole<T>(dump: { readonly items: readonly T[]; readonly interrupted: boolean }): readonly T[] {
  if (dump.interrupted) throw new Error('the list changed while it was read');
  return dump.items;
}
