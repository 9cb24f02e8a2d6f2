import { type ImageStatus, KcoreError } from '@kcore/contract';
import type { GuestConsole, NodeImages } from '../../src/model/runtime.ts';
import { FakeRuntime } from './fake-runtime.ts';

/** A console whose guest is the test. */
export class FakeConsole implements GuestConsole {
  readonly typed: string[] = [];
  disposed = false;
  readonly #said: (string | Error)[] = [];
  #isDown = false;
  #wake: (() => void) | undefined;

  say(text: string | Error): void {
    this.#said.push(text);
    this.#wake?.();
  }

  /** The guest goes down. */
  down(): void {
    this.#isDown = true;
    this.#wake?.();
  }

  get output(): AsyncIterable<Uint8Array> {
    return this.#output();
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.disposed) throw new Error('the console is closed');
    this.typed.push(Buffer.from(bytes).toString());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
    this.#wake?.();
  }

  async *#output(): AsyncGenerator<Uint8Array, undefined> {
    for (;;) {
      const text = this.#said.shift();
      if (text instanceof Error) throw text;
      if (text !== undefined) yield Buffer.from(text);
      else if (this.disposed || this.#isDown) return undefined;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

export class FakeImages implements NodeImages {
  readonly images = new Map<string, ImageStatus>();
  readonly removed: string[] = [];
  /** How uploads ended that did not come whole. */
  readonly given: string[] = [];
  #listeners = new Set<() => void>();

  list(): readonly ImageStatus[] {
    return [...this.images.values()];
  }

  async receive(
    image: { readonly name: string; readonly sizeBytes: number },
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<ImageStatus> {
    let sizeBytes = 0;
    try {
      for await (const part of bytes) sizeBytes += part.length;
      if (sizeBytes !== image.sizeBytes) throw new KcoreError('InvalidArgument', `${sizeBytes} bytes came`);
    } catch (error) {
      this.given.push(`${(error as Error).message} (${signal.aborted ? 'aborted' : 'not aborted'})`);
      throw error;
    }
    const received = {
      kind: 'image',
      digest: `sha256:${'0'.repeat(64)}`,
      name: image.name,
      state: 'ready',
      sizeBytes,
    } as const;
    this.put(received);
    return received;
  }

  async remove(digest: string): Promise<void> {
    this.removed.push(digest);
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get watchers(): number {
    return this.#listeners.size;
  }

  put(image: ImageStatus): void {
    this.images.set(image.digest, image);
    for (const listener of this.#listeners) listener();
  }
}

/** Guests with consoles and logs, made of images. */
export class FakeGuests extends FakeRuntime {
  readonly consoles: FakeConsole[] = [];
  readonly images = new FakeImages();
  readonly room = { kind: 'limited', cpus: 3, memoryBytes: 5, diskBytes: 7 } as const;
  /** What `logs` was asked, and whether it was told to stop. */
  readonly logged: { readonly name: string; readonly options: object; readonly signal: AbortSignal }[] = [];
  log: readonly (string | Error)[] = [];

  async console(name: string): Promise<GuestConsole> {
    if (name !== 'web') throw new KcoreError('FailedPrecondition', `VM '${name}' is not running`);
    const console = new FakeConsole();
    this.consoles.push(console);
    return console;
  }

  async *logs(name: string, options: object, signal: AbortSignal): AsyncGenerator<Uint8Array, undefined> {
    this.logged.push({ name, options, signal });
    for (const part of this.log) {
      if (part instanceof Error) throw part;
      yield Buffer.from(part);
    }
    return undefined;
  }
}
