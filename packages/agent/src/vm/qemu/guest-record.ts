import { open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { guestDirectory, guestFile } from './guest-files.ts';
import { absent, createPlain, readPlain } from './plain-file.ts';

/** More than any record has. */
const RECORD_BYTES = 4096;

/** What is known of a guest without asking its QEMU. */
const GuestRecord = v.strictObject({
  uid: v.string(),
  /** It was started and not stopped by us since: if it is down, it went down by itself. */
  started: v.boolean(),
  /** Its cloud-init has finished since it last booted. */
  ready: v.exactOptional(v.boolean()),
});
export type GuestRecord = v.InferOutput<typeof GuestRecord>;

/** The guests of which something is on disk, by name. A directory without a record is one whose preparation was cut off. */
export async function readGuests(root: string): Promise<ReadonlyMap<string, GuestRecord | undefined>> {
  const names = await readdir(root, { withFileTypes: true }).catch(absent);
  const guests = new Map<string, GuestRecord | undefined>();
  for (const entry of names ?? []) {
    if (entry.isDirectory()) guests.set(entry.name, await readRecord(guestDirectory(root, entry.name)));
  }
  return guests;
}

async function readRecord(directory: string): Promise<GuestRecord | undefined> {
  const record = join(directory, guestFile.record);
  const text = await readPlain(record, RECORD_BYTES);
  if (text === undefined) return undefined;
  try {
    return v.parse(GuestRecord, JSON.parse(text.toString('utf8')));
  } catch (cause) {
    throw new Error(`${record} is not the record of a guest; its disks are beside it: mend or move the directory`, {
      cause,
    });
  }
}

/** Durable when it resolves: written beside, synced, renamed, and the directory synced. */
export async function writeRecord(directory: string, record: GuestRecord): Promise<void> {
  const draft = join(directory, `${guestFile.record}.new`);
  const file = await createPlain(draft, 0o600);
  try {
    await file.writeFile(`${JSON.stringify(record)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, join(directory, guestFile.record));
  await syncDirectory(directory);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
