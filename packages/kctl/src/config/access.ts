import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { failedPrecondition, KcoreError } from '@kcore/contract';
import type { ContextEntry } from './config.ts';
import { refuseReadableByOthers } from './file.ts';

/** All that is needed to call a controller; PEM texts. */
export interface Access {
  readonly controller: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** PEM texts begin with dashes; everything else is a path, relative to the configuration's directory. */
async function pem(value: string, field: keyof Access, entry: ContextEntry, configFile: string): Promise<string> {
  if (value.trimStart().startsWith('-----BEGIN')) return value;
  const path = resolve(dirname(configFile), value);
  try {
    if (field === 'key') await refuseReadableByOthers(path);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof KcoreError) throw error;
    throw failedPrecondition(`context '${entry.name}': cannot read ${field} '${path}': ${(error as Error).message}`, {
      remedy: `correct '${field}' of the context in ${configFile}`,
    });
  }
}

export async function loadAccess(entry: ContextEntry, configFile: string): Promise<Access> {
  return {
    controller: entry.controller,
    ca: await pem(entry.ca, 'ca', entry, configFile),
    cert: await pem(entry.cert, 'cert', entry, configFile),
    key: await pem(entry.key, 'key', entry, configFile),
  };
}
