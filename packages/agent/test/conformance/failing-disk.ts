import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onHost } from './process.ts';

type Call = 'read' | 'write' | 'sync';

/** A disk that fails under a real process, by a library that is loaded before its own. */
export class FailingDisk {
  /** Put before the program that is to have this disk. */
  readonly wrapper: readonly string[];
  readonly #library: string;
  readonly #flag: string;

  /** `scratch` exists; `directory` is what fails, and need not exist yet. */
  constructor(scratch: string, directory: string) {
    this.#library = join(scratch, 'failing-disk.so');
    this.#flag = join(scratch, 'failing-calls');
    const environment = { LD_PRELOAD: this.#library, FAILING_DISK: this.#flag, FAILING_DISK_DIRECTORY: directory };
    this.wrapper = ['env', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
  }

  async build(): Promise<void> {
    const source = join(import.meta.dirname, 'failing-disk.c');
    await onHost('gcc', '-O1', '-Wall', '-Werror', '-shared', '-fPIC', '-o', this.#library, source, '-ldl');
  }

  /** From now on these calls are EIO. */
  fail(...calls: readonly Call[]): void {
    writeFileSync(this.#flag, calls.join(' '));
  }

  mend(): void {
    rmSync(this.#flag, { force: true });
  }
}
