/**
 * Between a socket that pushes and a reader that pulls.
 *
 * The reader takes messages in order with `for await`. When too many wait, `onPressure(true)` asks the producer to
 * pause (a TCP socket stops reading, and the peer's kernel fills up instead of our memory); `onPressure(false)` lets
 * it go on. There is one reader.
 */
export class MessageQueue implements AsyncIterable<string> {
  readonly #waiting: string[] = [];
  readonly #highWater: number;
  readonly #onPressure: (paused: boolean) => void;
  #wake: (() => void) | undefined;
  #ended = false;
  #paused = false;
  #characters = 0;

  /** `highWater`: characters that may wait before the producer is paused. */
  constructor(highWater: number, onPressure: (paused: boolean) => void) {
    this.#highWater = highWater;
    this.#onPressure = onPressure;
  }

  /** Characters received but not yet taken by the reader. */
  get characters(): number {
    return this.#characters;
  }

  get ended(): boolean {
    return this.#ended;
  }

  push(message: string): void {
    if (this.#ended) return;
    this.#waiting.push(message);
    this.#characters += message.length;
    this.#press();
    this.#wake?.();
  }

  /** What already arrived is still read; then the iteration ends. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<string> {
    while (true) {
      const message = this.#waiting.shift();
      if (message !== undefined) {
        this.#characters -= message.length;
        this.#press();
        yield message;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }

  #press(): void {
    const paused = this.#characters > this.#highWater;
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#onPressure(paused);
  }
}
