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
  /** What the console said since the guest last booted, and before that. */
  consoleLog: 'console.log',
  olderConsoleLog: 'console.log.1',
  /** What QEMU itself says: why it did not start. */
  qemuLog: 'qemu.log',
  disk: (index: number): string => `disk-${index}.qcow2`,
  /** What a disk began as, by a link of the guest's own; `uid` is of the VM that the disk was made for. */
  base: (uid: string, index: number): string => `base-${uid}-${index}.img`,
} as const;

/** The directory of one guest, which is the VM: what is in there outlives the agent, and QEMU. */
export function guestDirectory(root: string, name: string): string {
  return join(root, name);
}
