import { mkdirSync } from 'node:fs';
import { type NodeSpec, SpecObject, specKey } from '@kcore/contract';
import { type Database, open } from 'lmdb';
import * as v from 'valibot';
import type { NodeStore, RecordName, SpecWrite } from './node-store.ts';

/**
 * The store on LMDB: `spec` holds one row an object, `meta` the epoch and revision they belong to and the records.
 *
 * `overlappingSync: false` makes a commit resolve strictly after its sync, so that nothing is ever visible which a
 * power cut could take back.
 */

const META_KEY = 'spec';
const Meta = v.object({ epoch: v.string(), revision: v.number() });

/** @throws {Error} naming the directory and the remedy, when what is there cannot be read. */
export function openLmdbStore(directory: string): NodeStore {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const root = open({ path: directory, encoding: 'json', overlappingSync: false, maxDbs: 4 });
  const specs: Database<unknown, string> = root.openDB({ name: 'spec', encoding: 'json' });
  const meta: Database<unknown, string> = root.openDB({ name: 'meta', encoding: 'json' });
  const held: { spec?: NodeSpec } = {};
  const found = readStored(directory, specs, meta);
  if (found !== undefined) held.spec = found;

  return {
    readSpec: () => held.spec,
    async writeSpec(write: SpecWrite): Promise<void> {
      await root.transaction(() => {
        if (write.clear) specs.clearSync();
        for (const key of write.delete) specs.removeSync(key);
        for (const object of write.set) specs.putSync(specKey(object), object);
        meta.putSync(META_KEY, { epoch: write.epoch, revision: write.revision });
      });
      held.spec = merged(held.spec, write);
    },
    readRecord: (name: RecordName) => meta.get(`record/${name}`),
    async writeRecord(name: RecordName, value: unknown): Promise<void> {
      await (value === undefined ? meta.remove(`record/${name}`) : meta.put(`record/${name}`, value));
    },
    [Symbol.asyncDispose]: () => root.close(),
  };
}

function merged(spec: NodeSpec | undefined, write: SpecWrite): NodeSpec {
  const objects = new Map(write.clear ? [] : spec?.objects);
  for (const key of write.delete) objects.delete(key);
  for (const object of write.set) objects.set(specKey(object), object);
  return { epoch: write.epoch, revision: write.revision, objects };
}

/**
 * A row that cannot be understood must not become a missing object: the agent would take down what it stands for.
 */
function readStored(
  directory: string,
  specs: Database<unknown, string>,
  meta: Database<unknown, string>,
): NodeSpec | undefined {
  const stored = meta.get(META_KEY);
  if (stored === undefined) return undefined;
  const remedy = `stop the agent, remove ${directory} and start it: the controller sends everything again, and what runs goes on running`;
  const head = v.safeParse(Meta, stored);
  if (!head.success) throw new Error(`the store in ${directory} has no readable revision; ${remedy}`);
  const objects = new Map<string, SpecObject>();
  for (const { key, value } of specs.getRange()) {
    const object = v.safeParse(SpecObject, value);
    if (!object.success)
      throw new Error(`'${key}' in the store in ${directory} cannot be read (${object.issues[0].message}); ${remedy}`);
    objects.set(key, object.output);
  }
  return { ...head.output, objects };
}
