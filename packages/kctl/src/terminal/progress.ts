import type { Writable } from 'node:stream';
import { roundBytes } from '@kcore/contract';
import { printable } from '../text/table.ts';

/** Milliseconds between lines: at a terminal one line is drawn anew, anywhere else each stays. */
const REDRAW_MS = 100;
const LINE_MS = 5_000;

/** How far a transfer is, on stderr. */
export class Progress {
  readonly #output: Writable;
  readonly #monotonic: () => number;
  readonly #what: string;
  readonly #total: number;
  readonly #redraws: boolean;
  readonly #begun: number;
  #saidAt: number;
  #isOpen = false;

  /** `monotonic`: milliseconds; `total`: bytes. */
  constructor(output: Writable, monotonic: () => number, what: string, total: number) {
    this.#output = output;
    this.#monotonic = monotonic;
    this.#what = printable(what);
    this.#total = total;
    this.#redraws = 'isTTY' in output && output.isTTY === true;
    this.#begun = monotonic();
    this.#saidAt = this.#begun;
  }

  /** `done`: bytes, of all. */
  update(done: number): void {
    const now = this.#monotonic();
    if (now - this.#saidAt < (this.#redraws ? REDRAW_MS : LINE_MS)) return;
    this.#say(done, now);
  }

  /** The last line, when it came to its end. */
  complete(): void {
    this.#say(this.#total, this.#monotonic());
    this.stop();
  }

  /** Leaves a line that is half drawn, so that what is said next begins its own. */
  stop(): void {
    if (this.#isOpen) this.#output.write('\n');
    this.#isOpen = false;
  }

  #say(done: number, now: number): void {
    this.#saidAt = now;
    const percent = this.#total === 0 ? 100 : Math.floor((100 * done) / this.#total);
    const seconds = (now - this.#begun) / 1_000;
    const speed = seconds > 0 ? `, ${roundBytes(Math.round(done / seconds))}/s` : '';
    const line = `${this.#what}: ${percent}% (${roundBytes(done)} of ${roundBytes(this.#total)}${speed})`;
    this.#output.write(this.#redraws ? `\r${line}\u001b[K` : `${line}\n`);
    this.#isOpen = this.#redraws;
  }
}
