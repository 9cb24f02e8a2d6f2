import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import type { KctlContext } from '../../src/cli/context.ts';
import { runKctl } from '../../src/cli/run.ts';
import { FakeController } from './fake-controller.ts';

export const NOW = new Date('2026-11-22T12:00:00Z');

class Captured extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A home directory of its own with a configuration, and a controller in memory: kctl as at a terminal, in this process. */
export class Workspace implements AsyncDisposable {
  readonly directory: string;
  readonly controller: FakeController;
  /** Milliseconds slept, one for each wait. */
  readonly slept: number[] = [];
  #ids = 0;
  #now = 0;

  private constructor(directory: string, controller: FakeController) {
    this.directory = directory;
    this.controller = controller;
  }

  static async open(controller = new FakeController(), config: string | undefined = CONFIG): Promise<Workspace> {
    const workspace = new Workspace(await mkdtemp(join(tmpdir(), 'kctl-test-')), controller);
    if (config !== undefined) await writeFile(workspace.path('config'), config, { mode: 0o600 });
    return workspace;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  async write(name: string, text: string): Promise<string> {
    await writeFile(this.path(name), text);
    return this.path(name);
  }

  /** Runs a command line; a string is split at white space, as a shell would without quotes. */
  async run(
    line: string | readonly string[],
    over: Partial<KctlContext> & { input?: string; terminal?: boolean } = {},
  ): Promise<Ran> {
    const { input = '', terminal = false, ...context } = over;
    const stdout = new Captured();
    const stderr = Object.assign(new Captured(), { isTTY: terminal });
    const words = typeof line === 'string' ? line.split(/\s+/).filter((word) => word !== '\\' && word !== '') : line;
    const exit = await runKctl(words[0] === 'kctl' ? words.slice(1) : words, {
      env: { KCORE_CONFIG: this.path('config') },
      stdin: Readable.from([Buffer.from(input)]),
      stdout,
      stderr,
      colorDepth: 1,
      connect: this.controller.connect,
      clock: {
        monotonic: () => this.#now,
        sleep: async (milliseconds) => {
          this.slept.push(milliseconds);
          this.#now += milliseconds;
        },
        random: () => 0.5,
      },
      now: () => NOW,
      requestId: () => this.#nextId(),
      home: this.directory,
      loadLab: () => Promise.reject(new Error('no lab in this test')),
      interrupted: async () => {},
      ...context,
    });
    return { exit, stdout: stdout.text, stderr: stderr.text };
  }

  #nextId(): string {
    this.#ids += 1;
    return `request-${String(this.#ids).padStart(8, '0')}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

export const CONFIG = `currentContext: test
contexts:
  - name: test
    controller: wss://10.0.0.1:7443
    ca: '-----BEGIN CERTIFICATE-----'
    cert: '-----BEGIN CERTIFICATE-----'
    key: '-----BEGIN PRIVATE KEY-----'
`;
