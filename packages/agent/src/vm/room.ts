import { statfs } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import type { GuestRoom } from '@kcore/contract';

const MIB = 1024 * 1024;
/** What the host keeps for itself: a tenth, and no less than half a gigabyte. */
const RESERVE_BYTES = 512 * MIB;
const RESERVE_SHARE = 0.1;

/** What guests may have of this host in all, whose disks are below `directory`. */
export async function hostRoom(directory: string): Promise<Extract<GuestRoom, { kind: 'limited' }>> {
  const { blocks, bsize } = await statfs(directory);
  return {
    kind: 'limited',
    cpus: availableParallelism(),
    memoryBytes: withoutReserve(totalmem()),
    diskBytes: blocks * bsize,
  };
}

export function withoutReserve(memoryBytes: number): number {
  return Math.max(0, Math.floor(memoryBytes - Math.max(RESERVE_BYTES, memoryBytes * RESERVE_SHARE)));
}
