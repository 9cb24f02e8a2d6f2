import type { AnswerProbe, ProbeTarget } from '../../src/model/answer-probe.ts';
import { createChanges } from '../../src/vm/changes.ts';

/** Guests answer when a test says so. */
export class FakeProbe implements AnswerProbe {
  targets: readonly ProbeTarget[] = [];
  readonly #answered = createChanges();

  ask(targets: readonly ProbeTarget[]): void {
    this.targets = targets;
  }

  /** Whoever is asked at that address answers. */
  answer(address: string): void {
    for (const target of this.targets) if (target.address === address) this.#answered.add(target.guest);
  }

  async *answers(signal: AbortSignal): AsyncIterable<string> {
    for await (const guests of this.#answered.batches(signal)) yield* guests;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
