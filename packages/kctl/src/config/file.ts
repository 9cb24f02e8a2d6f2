import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { failedPrecondition, invalidArgument, KcoreError } from '@kcore/contract';
import { type Config, emptyConfig, parseConfig } from './config.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** `$KCORE_CONFIG`, else `$XDG_CONFIG_HOME/kcore/config`, else `~/.config/kcore/config`. Empty variables count as unset. */
export function configPath(env: Environment, home: string): string {
  const own = env['KCORE_CONFIG'];
  if (own !== undefined && own !== '') return resolve(own);
  const xdg = env['XDG_CONFIG_HOME'];
  return join(xdg !== undefined && xdg !== '' ? xdg : join(home, '.config'), 'kcore', 'config');
}

/** The file holds private keys: what others can read is refused, as ssh does. */
export async function refuseReadableByOthers(path: string): Promise<void> {
  const mode = (await stat(path)).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  throw failedPrecondition(`'${path}' can be read by others (mode ${mode.toString(8).padStart(4, '0')})`, {
    remedy: `chmod 600 ${path}`,
  });
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

/** A file that is not there is an empty configuration. */
export async function readConfig(path: string): Promise<Config> {
  let text: string;
  try {
    await refuseReadableByOthers(path);
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return emptyConfig;
    if (error instanceof KcoreError) throw error;
    throw failedPrecondition(`cannot read '${path}': ${(error as Error).message}`);
  }
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw invalidArgument(`${path}: ${(error as Error).message.split('\n')[0]}`);
  }
  return parseConfig(value, path);
}

async function writeConfig(path: string, config: Config): Promise<void> {
  const { stringify } = await import('yaml');
  const temporary = `${path}.${randomUUID()}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(stringify(config, { lineWidth: 0 }));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw failedPrecondition(`cannot write '${path}': ${(error as Error).message}`);
  }
}

const LOCK_TRIES = 100;
const LOCK_WAIT_MS = 50;
/** An edit takes milliseconds; a lock this old was left by a process that was killed. */
const LOCK_STALE_MS = 10_000;

/** Two labs may come up at once, and each adds its context: an edit is read, change and rename under one lock file. */
async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await (await open(lock, 'wx', 0o600)).close();
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw failedPrecondition(`cannot write '${lock}': ${(error as Error).message}`);
      }
      const made = await stat(lock).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      );
      if (made > 0 && Date.now() - made > LOCK_STALE_MS) await rm(lock, { force: true });
      if (attempt >= LOCK_TRIES) {
        throw failedPrecondition(`'${path}' is being changed by another kctl`, {
          remedy: `remove ${lock} if none runs`,
        });
      }
      await delay(LOCK_WAIT_MS);
    }
  }
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** Replaces the configuration with what `change` makes of it, atomically, readable by its owner only. */
export async function editConfig(path: string, change: (config: Config) => Config): Promise<Config> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  return await withLock(path, async () => {
    const changed = change(await readConfig(path));
    await writeConfig(path, changed);
    return changed;
  });
}
