import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const SECTOR = 512;

/** Runs a program. @throws {Error} with all it said, when it fails. */
export function run(program, ...words) {
  const { status, error, stdout, stderr } = spawnSync(program, words, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ended with status ${status}:\n${stdout}${stderr}`);
}

/**
 * Makes the FAT file system from which the firmware boots a Linux, through syslinux, inside a disk's file.
 *
 * @param {string} disk
 * @param {{firstSector: number, sectors: number, kernel: Buffer, initrd: Buffer, commandLine: string}} options
 *   `firstSector` is 0 for a disk without partitions, whose first sector is then this file system's.
 */
export function writeBootFileSystem(disk, { firstSector, sectors, kernel, initrd, commandLine }) {
  const offset = firstSector * SECTOR;
  // The boot sector finds itself by the number of sectors before it.
  const geometry = ['-T', String(sectors), '-h', '16', '-s', '63', '-H', String(firstSector)];
  run('mformat', '-i', `${disk}@@${offset}`, ...geometry, '::');
  run('syslinux', '--offset', String(offset), '--install', disk);
  const directory = mkdtempSync(join(tmpdir(), 'kcore-boot-'));
  try {
    const put = (name, data) => {
      const file = join(directory, name);
      writeFileSync(file, data);
      run('mcopy', '-i', `${disk}@@${offset}`, file, `::/${name}`);
    };
    put('initrd', initrd);
    put('vmlinuz', kernel);
    put(
      'syslinux.cfg',
      `SERIAL 0 115200\nDEFAULT linux\nLABEL linux\n  KERNEL vmlinuz\n  APPEND initrd=initrd ${commandLine}\n`,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
