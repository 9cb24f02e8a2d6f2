import { join } from 'node:path';

/** Where the files of one guest are. Its directory is the VM: what is in there outlives the agent, and QEMU. */
export interface GuestFiles {
  readonly directory: string;
  /** What the guest was prepared as; written last, so that a directory without it is one that was never finished. */
  readonly record: string;
  readonly seed: string;
  readonly qmp: string;
  readonly console: string;
  readonly consoleLog: string;
  /** What QEMU itself says: why it did not start. */
  readonly qemuLog: string;
  disk(index: number): string;
}

/** The longest path of a unix socket, bytes: sun_path of unix(7) less its terminating NUL. */
const MAX_SOCKET_PATH = 107;
const LONGEST_NAME = 63;

export function guestFiles(root: string, name: string): GuestFiles {
  const directory = join(root, name);
  const file = (leaf: string): string => join(directory, leaf);
  return {
    directory,
    record: file('guest.json'),
    seed: file('seed.iso'),
    qmp: file('qmp.sock'),
    console: file('console.sock'),
    consoleLog: file('console.log'),
    qemuLog: file('qemu.log'),
    disk: (index) => file(`disk-${index}.qcow2`),
  };
}

/** @throws {RangeError} when the longest name of a VM would make a socket's path too long for the kernel. */
export function checkGuestRoot(root: string): void {
  const longest = Buffer.byteLength(guestFiles(root, 'x'.repeat(LONGEST_NAME)).console);
  if (longest <= MAX_SOCKET_PATH) return;
  throw new RangeError(
    `the directory of virtual machines, ${root}, is ${longest - MAX_SOCKET_PATH} letters too long: sockets below it would have no name the kernel takes; choose a shorter dataDir`,
  );
}
