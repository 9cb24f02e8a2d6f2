import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../../model/clock.ts';
import type { VmRuntime } from '../../model/runtime.ts';
import { createImageStore } from '../images/image-store.ts';
import { createNoRuntime } from '../none.ts';
import { tryAcceleration } from './acceleration.ts';
import { accountOf } from './account.ts';
import { diskOrigins } from './origins.ts';
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
  const missing = await whatIsMissing(qemu, qemuImg);
  if (missing !== undefined) return createNoRuntime(`this node runs no VMs: ${missing}`);
  const account = await accountOf(user);
  const { acceleration, why } = await tryAcceleration(qemu, account);
  const version = await versionOf(qemu);
  return await createQemuRuntime({
    ...{ qemu, qemuImg, account, acceleration, clock },
    version: why === undefined ? version : `${version}, no KVM: ${why}`,
    root: join(directory, 'vms'),
    origin: diskOrigins(createImageStore(join(directory, 'images'))),
  });
}

async function whatIsMissing(...programs: readonly string[]): Promise<string | undefined> {
  if (process.arch !== 'x64') return `virtual machines are built for x86-64 hosts, and this one is ${process.arch}`;
  for (const program of programs) {
    try {
      await versionOf(program);
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      return `${program} cannot be executed (${words}); install qemu-system-x86 and qemu-utils, or correct runtime in the agent's configuration file`;
    }
  }
  return undefined;
}

/** `7.2.22` of `QEMU emulator version 7.2.22 (…)`. */
async function versionOf(program: string): Promise<string> {
  const { stdout } = await execute(program, ['--version'], { env: {}, timeout: 10_000 });
  return /version (\d+(?:\.\d+)*)/.exec(stdout)?.[1] ?? 'of unknown version';
}
