import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { KctlContext } from './cli/context.ts';
import { runKctl } from './cli/run.ts';
import { connectController } from './connection/connection.ts';

/** A reader that has seen enough (`| head`) is no error: end quietly. */
function endQuietlyOnBrokenPipe(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
}

/** Resolves when all that was written is the reader's: what a pipe or socket has no room for yet would end with this process. */
function taken(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    // A signal handler alone does not keep the process alive.
    const alive = setInterval(() => undefined, 60_000);
    const end = (): void => {
      clearInterval(alive);
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  });
}

const context: KctlContext = {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  colorDepth: 1,
  connect: connectController,
  clock: { monotonic: () => performance.now(), sleep: (milliseconds) => delay(milliseconds), random: Math.random },
  now: () => new Date(),
  requestId: randomUUID,
  home: homedir(),
  loadLab: () => import('@kcore/lab'),
  interrupted,
};

endQuietlyOnBrokenPipe(process.stdout);
endQuietlyOnBrokenPipe(process.stderr);
const status = await runKctl(process.argv.slice(2), context);
// A reader that is slow gets all of it; a connection that is still closing is not waited for.
await Promise.all([taken(process.stdout), taken(process.stderr)]);
process.exit(status);
