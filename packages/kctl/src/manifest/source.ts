import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { invalidArgument } from '@kcore/contract';

/** One file of manifests, as text. `name` is how it is called in errors. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

/** Largest file of manifests, bytes: the longest message that a controller accepts holds less. */
const LARGEST = 8 * 1024 * 1024;

/** Reads a file, or standard input for `-`. */
export async function readSource(path: string, stdin: Readable): Promise<Source> {
  const source = path === '-' ? { name: 'stdin', text: await readAll(stdin) } : { name: path, text: await read(path) };
  if (source.text.length > LARGEST) throw tooLarge(source.name);
  return source;
}

function tooLarge(name: string): Error {
  return invalidArgument(`${name} is larger than ${LARGEST / 1024 / 1024} MiB`, { field: '-f' });
}

async function readAll(stdin: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > LARGEST) throw tooLarge('stdin');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory; name the files in it with -f each',
};

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw invalidArgument(`cannot read '${path}': ${reasons[code] ?? message}`, { field: '-f' });
  }
}
