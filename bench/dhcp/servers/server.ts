import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Segment } from '../segment.ts';

/** A server under test, running. */
export interface RunningServer extends AsyncDisposable {
  readonly pid: number;
}

/** How to start one of the servers that are compared. */
export interface ServerKind {
  readonly name: string;
  /** Why it cannot be run here; absent when it can. */
  readonly missing?: string;
  /** Whether it starts with leases from a file that is written beforehand; otherwise clients have to ask for them. */
  readonly preloads: boolean;
  /** Starts with so many leases, if it preloads, and resolves when it answers. */
  start(segment: Segment, directory: string, leases: number): Promise<RunningServer>;
}

/** Address number `index` of the range, for lease files written beforehand: from its far end, away from fresh clients. */
export function preloadedAddress(index: number): string {
  const host = 0xfff0 - index;
  return `10.77.${host >> 8}.${host & 255}`;
}

/** A MAC that no client of the generator has. */
export function preloadedMac(index: number): string {
  const hex = index.toString(16).padStart(8, '0');
  return ['02', '01', ...(hex.match(/../g) ?? [])].join(':');
}

export interface Launch {
  readonly segment: Segment;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** What it prints when it serves. */
  readonly ready: RegExp;
}

const START_MILLISECONDS = 30_000;
const STOP_MILLISECONDS = 5000;

/** Starts a program in the server's namespace. `ip netns exec` becomes the program, so its pid is the program's. */
export async function launch({ segment, program, args, environment = {}, ready }: Launch): Promise<RunningServer> {
  const child = spawn('ip', ['netns', 'exec', path.basename(segment.server), program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  await untilPrinted(child, ready, program);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} did not start`);
  return { pid, [Symbol.asyncDispose]: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), STOP_MILLISECONDS);
  await once(child, 'exit');
  clearTimeout(hard);
}

function untilPrinted(child: ChildProcess, ready: RegExp, program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    let serving = false;
    const fail = (why: string): void => {
      child.kill('SIGKILL');
      reject(new Error(`${program} ${why}; it printed: ${output.slice(-2000).trim()}`));
    };
    const timer = setTimeout(() => fail('does not serve'), START_MILLISECONDS);
    // Read to the end, or the program would wait for room in the pipe.
    const read = (chunk: Buffer): void => {
      if (serving) return;
      output += chunk.toString();
      if (!ready.test(output)) return;
      serving = true;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`ended with ${code}`);
    });
  });
}
