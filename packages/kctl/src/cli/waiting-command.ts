import type { VmView } from '@kcore/contract';
import { Option } from 'clipanion';
import { isTerminal } from '../text/colour.ts';
import type { Goal } from '../wait/phase.ts';
import { ProgressLine } from '../wait/progress-line.ts';
import { waitForVm } from '../wait/wait.ts';
import { EachCommand } from './each-command.ts';

/** Milliseconds: a cloud image is fetched and its first boot is over within it, on most machines. */
const DEFAULT_WAIT_MS = 300_000;

/** A command that can wait until VMs are what they were asked to be. */
export abstract class WaitingCommand extends EachCommand {
  wait = Option.Boolean('--wait', false, {
    description: 'until the VM runs and its guest answers, with progress on stderr; --timeout is 5m then',
  });

  #startedAt: number | undefined;

  /** Of one call: waiting for a VM is many of them. */
  protected override get callTimeoutMs(): number {
    return this.wait ? Math.min(super.callTimeoutMs, 30_000) : super.callTimeoutMs;
  }

  /** Time runs from the first call of this on, for all VMs together. @throws {KcoreError} as `waitForVm` */
  protected async waitFor(name: string, goal: Goal): Promise<VmView> {
    const { clock, stderr, env } = this.context;
    const total = this.timeout === undefined ? DEFAULT_WAIT_MS : super.callTimeoutMs;
    this.#startedAt ??= clock.monotonic();
    return await waitForVm({
      name,
      goal,
      deadline: this.#startedAt + total,
      seconds: total / 1_000,
      look: () => this.call('vm.get', { name }, `kctl get vm ${name}`),
      clock,
      line: new ProgressLine(stderr, isTerminal(stderr, env)),
    });
  }
}
