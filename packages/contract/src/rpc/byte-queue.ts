/** Bytes shorter than this are gathered; longer ones are kept as they came. */
const SHORT = 2_048;
const BLOCK = 4_096;

/**
 * Bytes that wait for their reader. What it takes is at most a small multiple of what waits, also when they come one by one:
 * a million keystrokes must not be a million buffers.
 */
export class ByteQueue {
  readonly #blocks: Uint8Array[] = [];
  #tail: Uint8Array | undefined;
  #used = 0;

  push(bytes: Uint8Array): void {
    if (bytes.length >= SHORT) {
      this.#closeTail();
      this.#blocks.push(bytes);
      return;
    }
    if (this.#tail !== undefined && this.#used + bytes.length > BLOCK) this.#closeTail();
    this.#tail ??= new Uint8Array(BLOCK);
    this.#tail.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** The bytes that came first, as many as hang together; undefined when there are none. */
  shift(): Uint8Array | undefined {
    if (this.#blocks.length === 0) this.#closeTail();
    return this.#blocks.shift();
  }

  clear(): void {
    this.#blocks.length = 0;
    this.#tail = undefined;
    this.#used = 0;
  }

  /** A tail that is hardly used is copied, so that it does not hold a whole block. */
  #closeTail(): void {
    if (this.#tail === undefined) return;
    const filled = this.#used < BLOCK / 2 ? this.#tail.slice(0, this.#used) : this.#tail.subarray(0, this.#used);
    this.#tail = undefined;
    this.#used = 0;
    this.#blocks.push(filled);
  }
}
