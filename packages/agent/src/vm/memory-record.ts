import * as v from 'valibot';
import { VmMemory } from './step.ts';

const MemoryRecord = v.strictObject({ bootId: v.string(), vms: v.record(v.string(), VmMemory) });

/** What is on disk of an earlier life. After a boot nothing that guests were plugged into exists any more. */
export function readVmMemory(record: unknown, bootId: string): ReadonlyMap<string, VmMemory> {
  const parsed = v.safeParse(MemoryRecord, record);
  return parsed.success && parsed.output.bootId === bootId ? new Map(Object.entries(parsed.output.vms)) : new Map();
}

export function vmMemoryRecord(memory: ReadonlyMap<string, VmMemory>, bootId: string): unknown {
  return { bootId, vms: Object.fromEntries(memory) };
}
