import { join } from 'node:path';

/**
 * The names of a guest's files in its directory. QEMU runs in there and knows them by these names alone: its user need not
 * reach the directory from the root, and a socket's path stays within the 107 bytes of unix(7), whatever the agent's
 * data directory is. Whoever connects goes by way of the process: `/proc/<pid>/cwd/…`.
 */
export const guestFile = {
  /** What the guest was prepared as; written last, so that a directory without it is one that was never finished. */
  record: 'guest.json',
  seed: 'seed.iso',
  qmp: 'qmp.sock',
  console: 'console.sock',
  consoleLog: 'console.log',
  /** What QEMU itself says: why it did not start. */
  qemuLog: 'qemu.log',
  disk: (index: number): string => `disk-${index}.qcow2`,
  /** What a disk began as, by a link of the guest's own. */
  base: (index: number): string => `base-${index}.img`,
} as const;

/** The directory of one guest, which is the VM: what is in there outlives the agent, and QEMU. */
export function guestDirectory(root: string, name: string): string {
  return join(root, name);
}
