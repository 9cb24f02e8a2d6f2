import { median } from './median.ts';
import type { Contestant, Row, Sample, Target } from './row.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Result {
  readonly name: string;
  readonly timed: string;
  /** Absent: it ran. */
  readonly skipped?: string;
  readonly samples: readonly Sample[];
  readonly value?: Spread;
  /** Against the first contestant, repetition by repetition. */
  readonly comparison?: Spread;
  readonly target?: Target;
  readonly verdict?: 'aim' | 'must' | 'missed';
}

export interface RowResult extends Pick<Row, 'name' | 'title' | 'unit' | 'compare'> {
  readonly results: readonly Result[];
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Runs A B C A B C …, so that whatever slows the machine for a while slows them all. A contestant that fails is left out
 * from then on, with its error as the reason, unless it is ours: then the row fails.
 */
export async function measure(row: Row, repetitions: number, onSample: (text: string) => void): Promise<RowResult> {
  const runs = row.contestants.map((contestant) => ({
    contestant,
    samples: [] as Sample[],
    skipped: contestant.missing,
  }));
  for (let repetition = 1; repetition <= repetitions; repetition += 1) {
    for (const run of runs) {
      if (run.skipped !== undefined) continue;
      onSample(`${row.name}: ${run.contestant.name}, ${repetition} of ${repetitions}`);
      try {
        run.samples.push(await run.contestant.run());
      } catch (error) {
        if (run === runs[0]) throw new Error(`row ${row.name}: ${run.contestant.name} failed`, { cause: error });
        run.skipped = `failed: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
  }
  const ours = runs[0]?.samples ?? [];
  const { name, title, unit, compare } = row;
  return { name, title, unit, compare, results: runs.map((run, index) => resultOf(row, run, index === 0 ? [] : ours)) };
}

interface Run {
  readonly contestant: Contestant;
  readonly samples: readonly Sample[];
  readonly skipped: string | undefined;
}

function resultOf(row: Row, { contestant, samples, skipped }: Run, ours: readonly Sample[]): Result {
  const { name, timed, target } = contestant;
  const base = { name, timed, samples, ...(target === undefined ? {} : { target }) };
  if (skipped !== undefined) return { ...base, skipped };
  const value = spread(samples.map((sample) => sample.value));
  if (ours.length === 0 || row.compare === 'alone') {
    const judged = target === undefined ? {} : { verdict: judge(value.median, target, false) };
    return { ...base, value, ...judged };
  }
  const comparison = spread(ours.map((sample, index) => compared(row, sample, samples[index])));
  const judged =
    target === undefined ? {} : { verdict: judge(comparison.median, target, row.compare !== 'difference') };
  return { ...base, value, comparison, ...judged };
}

function compared(row: Row, ours: Sample, theirs: Sample | undefined): number {
  const other = theirs?.value ?? Number.NaN;
  if (row.compare === 'difference') return ours.value - other;
  return row.compare === 'rate' ? ours.value / other : other / ours.value;
}

function judge(value: number, { must, aim }: Target, moreIsBetter: boolean): 'aim' | 'must' | 'missed' {
  const reaches = (bound: number): boolean => (moreIsBetter ? value >= bound : value <= bound);
  if (reaches(aim)) return 'aim';
  return reaches(must) ? 'must' : 'missed';
}
