import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Acceleration } from './machine.ts';

/** What the guest of the trial tells QEMU's exit device; QEMU ends with twice that and one. */
const TOLD = 0x2a;
const EXIT_STATUS = TOLD * 2 + 1;
/** The firmware takes well under a second with KVM; a KVM that only seems to work takes for ever. */
const TRIAL_MILLISECONDS = 5_000;

export interface Trial {
  readonly acceleration: Acceleration;
  /** Why there is no KVM, for people. Absent when there is. */
  readonly why?: string;
}

/**
 * Finds out whether KVM really runs a guest, by running one: its boot sector is three instructions that end QEMU.
 * A readable /dev/kvm proves nothing: under nested virtualisation it may open, start, and never execute.
 */
export async function tryAcceleration(
  qemu: string,
  identity: { readonly uid: number; readonly gid: number },
): Promise<Trial> {
  const emulated = { kind: 'tcg', vhostNet: false } as const;
  if (!(await usable('/dev/kvm'))) return { acceleration: emulated, why: '/dev/kvm is not there or may not be opened' };
  const directory = await mkdtemp(join(tmpdir(), 'kcore-kvm-'));
  try {
    const sector = join(directory, 'boot');
    await writeFile(sector, bootSector(), { mode: 0o444 });
    const ended = await endOf(qemu, sector, identity);
    if (ended !== EXIT_STATUS) return { acceleration: emulated, why: `a trial guest under KVM ${fate(ended)}` };
    return { acceleration: { kind: 'kvm', vhostNet: await usable('/dev/vhost-net') } };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** `mov al, 0x2a; out 0xf4, al; hlt`, loaded at 0x7c00 by the firmware because of the last two bytes. */
function bootSector(): Buffer {
  const sector = Buffer.alloc(512);
  Buffer.from([0xb0, TOLD, 0xe6, 0xf4, 0xf4]).copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

/** QEMU's exit status; undefined when it had to be killed. */
function endOf(
  qemu: string,
  sector: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      qemu,
      [
        ...[
          '-nodefaults',
          '-no-user-config',
          '-display',
          'none',
          '-machine',
          'pc,accel=kvm',
          '-cpu',
          'host',
          '-m',
          '64M',
        ],
        ...[
          '-device',
          'isa-debug-exit,iobase=0xf4,iosize=0x04',
          '-drive',
          `file=${sector},format=raw,if=floppy,readonly=on`,
        ],
      ],
      { stdio: 'ignore', uid, gid, timeout: TRIAL_MILLISECONDS, killSignal: 'SIGKILL' },
    );
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? undefined));
  });
}

async function usable(path: string): Promise<boolean> {
  return access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}

function fate(status: number | undefined): string {
  return status === undefined ? 'did not run' : `ended with status ${status}`;
}
