import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { benchSources } from './places.ts';
import { compileC, type Found } from './tools.ts';

/** The program that measures programs; see its source for why there is one. */
export function compileClock(): Promise<Found> {
  return compileC(path.join(benchSources, 'support', 'clock.c'));
}

export interface RunOptions {
  /** Path of a network namespace; the caller's own without. */
  readonly netns?: string;
  readonly input?: string;
  /** Leaves standard input open for whoever started the program. */
  readonly openInput?: boolean;
  /** Descriptor that standard output goes to, instead of `stdout` of the result. */
  readonly outputTo?: number;
}

export interface Ran {
  /** Milliseconds from before the fork to after the exit. */
  readonly ms: number;
  readonly userMs: number;
  readonly systemMs: number;
  readonly maxRssKib: number;
  readonly stdout: string;
}

/** A program that runs under the clock. */
export interface Running {
  readonly child: ChildProcess;
  /** @throws unless its exit status is 0; the message has the end of what it wrote to standard error. */
  readonly ended: Promise<Ran>;
}

function collect(stream: NodeJS.ReadableStream | null | undefined): () => string {
  const parts: Buffer[] = [];
  stream?.on('data', (part: Buffer) => parts.push(part));
  return () => Buffer.concat(parts).toString('utf8');
}

/** Starts a program under the clock at `clock`. */
export function startClocked(clock: string, command: readonly string[], options: RunOptions = {}): Running {
  const child = spawn(clock, [options.netns ?? '-', ...command], {
    stdio: ['pipe', options.outputTo ?? 'pipe', 'pipe', 'pipe'],
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const told = collect(child.stdio[3] as NodeJS.ReadableStream);
  // A program that does not read its input closes the pipe; that is its business.
  child.stdin?.on('error', () => undefined);
  if (options.openInput !== true) child.stdin?.end(options.input ?? '');
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve({ ...(JSON.parse(told()) as Omit<Ran, 'stdout'>), stdout: stdout() });
      else reject(new Error(`${command.join(' ').slice(0, 200)}: ${signal ?? code}: ${stderr().slice(-2000).trim()}`));
    });
  });
  return { child, ended };
}
