import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestSeed } from '@kcore/contract';
import { parse, stringify } from 'yaml';
import { writeAtomically } from '../atomic-file.ts';
import type { ProcessRef } from '../state.ts';

export interface GuestNicIdentity {
  readonly index: number;
  readonly mac: string;
}

/** What is on disk of a guest, so that its host finds it again after a restart. */
export interface GuestRecord {
  readonly name: string;
  readonly uid: string;
  readonly hostname: string;
  /** Those it looks after since it was started. */
  readonly nics: readonly GuestNicIdentity[];
  /** Absent: prepared, never started, or stopped when `stopped` is true. */
  readonly process?: ProcessRef;
  readonly stopped: boolean;
}

export function guestDirectory(root: string, name: string): string {
  return join(root, name);
}

export async function saveRecord(root: string, record: GuestRecord): Promise<void> {
  const directory = guestDirectory(root, record.name);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeAtomically(join(directory, 'guest.json'), JSON.stringify(record));
}

/** A directory without a whole record is a guest whose preparation was cut short: it is prepared again when asked for. */
export async function loadRecords(root: string): Promise<readonly GuestRecord[]> {
  const records: GuestRecord[] = [];
  for (const name of await readdir(root)) {
    try {
      records.push(JSON.parse(await readFile(join(root, name, 'guest.json'), 'utf8')) as GuestRecord);
    } catch (error) {
      if (!(error instanceof SyntaxError) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return records;
}

/** Writes the three documents as the NoCloud data source names them. */
export async function writeSeed(directory: string, seed: GuestSeed): Promise<void> {
  await writeAtomically(join(directory, 'meta-data'), seed.metaData);
  await writeAtomically(join(directory, 'network-config'), seed.networkConfig);
  await writeAtomically(join(directory, 'user-data'), seed.userData);
}

/** Takes one interface out of a guest's network-config. */
export async function dropInterface(directory: string, name: string): Promise<void> {
  const path = join(directory, 'network-config');
  const document: unknown = parse(await readFile(path, 'utf8'));
  if (typeof document !== 'object' || document === null || !('ethernets' in document)) return;
  const ethernets = { ...(document.ethernets as Readonly<Record<string, unknown>>) };
  delete ethernets[name];
  await writeAtomically(path, stringify({ ...document, ethernets }));
}
