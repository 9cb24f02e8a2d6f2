import { mkdir, open, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { KcoreError } from '@kcore/contract';

/** Why a socket: it is held by the process and by nothing else, in any network or process namespace, and a killed holder does not answer. */
const LOCK = 'lock.sock';

/**
 * Takes a data directory, making it when it is not there, until it is disposed: two controllers over one store would
 * each hand out the other's addresses.
 * @throws {KcoreError} FailedPrecondition when another process has it.
 */
export async function lockDataDirectory(directory: string): Promise<AsyncDisposable> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new KcoreError(
      'FailedPrecondition',
      `cannot make the data directory ${directory}: ${reasonOf(error)}`,
      {},
      error,
    );
  }
  const handle = await open(directory);
  try {
    // By the open directory's number, because a socket's path has at most 107 bytes and a data directory's may have more.
    const path = `/proc/self/fd/${handle.fd}/${LOCK}`;
    const server = await listenOn(path, directory);
    return {
      async [Symbol.asyncDispose]() {
        await unlink(path).catch(() => {});
        await new Promise((resolve) => server.close(resolve));
        await handle.close();
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function listenOn(path: string, directory: string): Promise<Server> {
  for (let tries = 0; tries < 3; tries++) {
    const server = createServer((socket) => socket.destroy());
    const error = await new Promise<unknown>((resolve) => {
      server.once('error', resolve);
      server.listen(path, () => resolve(undefined));
    });
    if (error === undefined) return server.unref();
    if (codeOf(error) !== 'EADDRINUSE') {
      throw new KcoreError(
        'FailedPrecondition',
        `cannot lock the data directory ${directory}: ${reasonOf(error)}`,
        {},
        error,
      );
    }
    if (await answers(path)) break;
    await unlink(path).catch(() => {});
  }
  throw new KcoreError('FailedPrecondition', `the data directory ${directory} is in use by another controller`, {
    remedy: 'stop the other one, or give this one a dataDir of its own',
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error) => resolve(codeOf(error) !== 'ECONNREFUSED' && codeOf(error) !== 'ENOENT'));
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
