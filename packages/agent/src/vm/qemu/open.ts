import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../../model/clock.ts';
import type { VmRuntime } from '../../model/runtime.ts';
import { openImageStore } from '../images/image-store.ts';
import { createNoRuntime } from '../none.ts';
import { hostRoom } from '../room.ts';
import { tryAcceleration } from './acceleration.ts';
import { accountOf } from './account.ts';
import { CGROUP_ROOT, openCgroups } from './cgroups.ts';
import type { Account } from './qemu-process.ts';
import { createQemuRuntime } from './runtime.ts';

export interface QemuSettings {
  /** Paths of the two programs. */
  readonly qemu: string;
  readonly qemuImg: string;
  /** The user that guests run as. */
  readonly user: string;
  /** The agent's own directory; guests and images are below it. */
  readonly directory: string;
  readonly clock: Clock;
}

const execute = promisify(execFile);

/** The runtime of this host. A host that cannot run guests keeps its networks all the same, and says what is missing. */
export async function openQemuRuntime({ qemu, qemuImg, user, directory, clock }: QemuSettings): Promise<VmRuntime> {
  const found = await whatIsThere(qemu, qemuImg, user);
  if ('missing' in found) return createNoRuntime(`this node runs no VMs: ${found.missing}`);
  const { account, version } = found;
  const { acceleration, why } = await tryAcceleration(qemu, account);
  const groups = await openCgroups(CGROUP_ROOT, acceleration.kind);
  const remarks = [
    ...(why === undefined ? [] : [`no KVM: ${why}`]),
    ...('why' in groups ? [`VMs are not bounded: ${groups.why}`] : []),
    ...('without' in groups && groups.without !== '' ? [`VMs are not bounded in ${groups.without}`] : []),
  ];
  await mkdir(directory, { recursive: true });
  return await createQemuRuntime({
    ...{ qemu, qemuImg, account, acceleration, clock },
    version: [version, ...remarks].join('; '),
    root: join(directory, 'vms'),
    kept: join(directory, 'kept'),
    images: await openImageStore(join(directory, 'images'), clock),
    room: await hostRoom(directory),
    ...('cgroups' in groups ? { cgroups: groups.cgroups } : {}),
  });
}

async function whatIsThere(
  qemu: string,
  qemuImg: string,
  user: string,
): Promise<{ readonly account: Account; readonly version: string } | { readonly missing: string }> {
  if (process.arch !== 'x64')
    return { missing: `virtual machines are built for x86-64 hosts, and this one is ${process.arch}` };
  for (const program of [qemu, qemuImg]) {
    const words = await versionOf(program).then(() => undefined, wordsOf);
    if (words === undefined) continue;
    return {
      missing: `${program} cannot be executed (${words}); install qemu-system-x86 and qemu-utils, or correct runtime in the agent's configuration file`,
    };
  }
  try {
    return { account: await accountOf(user), version: await versionOf(qemu) };
  } catch (error) {
    return { missing: wordsOf(error) };
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `7.2.22` of `QEMU emulator version 7.2.22 (…)`. */
async function versionOf(program: string): Promise<string> {
  const { stdout } = await execute(program, ['--version'], { env: {}, timeout: 10_000 });
  return /version (\d+(?:\.\d+)*)/.exec(stdout)?.[1] ?? 'of unknown version';
}
