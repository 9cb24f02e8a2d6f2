import type { Writable } from 'node:stream';

/** Back to the start of the line, and the rest of it away. Source: ECMA-48, EL. */
const REDRAW = '\r\u001b[K';
/** Narrower than the narrowest terminal in use: a line that wraps cannot be drawn over. */
const WIDTH = 78;

/** Says how far something is: at a terminal one line that is drawn over, elsewhere a line for each step. */
export class ProgressLine {
  readonly #stream: Writable;
  readonly #terminal: boolean;
  #shown: string | undefined;

  constructor(stream: Writable, terminal: boolean) {
    this.#stream = stream;
    this.#terminal = terminal;
  }

  show(text: string, step: string): void {
    const shown = this.#terminal ? text : step;
    if (this.#shown === shown) return;
    this.#shown = shown;
    this.#stream.write(this.#terminal ? `${REDRAW}${text.slice(0, WIDTH)}` : `${text}\n`);
  }

  /** What was shown last stays; what comes next begins a line of its own. */
  end(): void {
    if (this.#terminal && this.#shown !== undefined) this.#stream.write('\n');
    this.#shown = undefined;
  }
}
