import { type NodeSpec, type SpecObject, specKey } from '@kcore/contract';
import type { NodeStore, RecordName, SpecWrite } from './node-store.ts';

/** The store's twin without a disk, for tests and for embedders that need no restart. */
export function createMemoryStore(): NodeStore {
  const records = new Map<RecordName, string>();
  const held: { spec?: NodeSpec } = {};
  return {
    readSpec: () => held.spec,
    async writeSpec(write: SpecWrite): Promise<void> {
      const objects = new Map<string, SpecObject>(write.clear ? [] : held.spec?.objects);
      for (const key of write.delete) objects.delete(key);
      for (const object of write.set) objects.set(specKey(object), object);
      held.spec = { epoch: write.epoch, revision: write.revision, objects };
    },
    readRecord(name: RecordName): unknown {
      const text = records.get(name);
      return text === undefined ? undefined : JSON.parse(text);
    },
    async writeRecord(name: RecordName, value: unknown): Promise<void> {
      if (value === undefined) records.delete(name);
      else records.set(name, JSON.stringify(value));
    },
    async [Symbol.asyncDispose](): Promise<void> {},
  };
}
