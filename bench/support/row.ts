/** One measurement of one contestant. `value` is in the row's unit; the rest is told beside it in the JSON report. */
export interface Sample {
  readonly value: number;
  readonly more?: Readonly<Record<string, number>>;
}

/** Bounds of the comparison: a ratio is to be at least this, a difference or a plain value at most this. */
export interface Target {
  readonly must: number;
  readonly aim: number;
}

export interface Contestant {
  readonly name: string;
  /** What the figure covers, so that a reader can judge whether the comparison is fair. */
  readonly timed: string;
  readonly target?: Target;
  /** Why it cannot run on this machine, and what to install. */
  readonly missing?: string;
  /** Prepares, measures and cleans up once. Only what `timed` says is in the figure. */
  run(): Promise<Sample>;
}

/** Contestants side by side. The first is ours; the others are compared with it. */
export interface Row {
  /** As the command line names it. */
  readonly name: string;
  readonly title: string;
  /** `ms`, `MB`, `1/s`. */
  readonly unit: string;
  /**
   * `times`: how many times as long the other takes; of a rate (`rate`), how many times as many we do. `difference`:
   * ours minus the other's. `alone`: our figure is judged by itself.
   */
  readonly compare: 'times' | 'rate' | 'difference' | 'alone';
  readonly contestants: readonly [Contestant, ...Contestant[]];
}
