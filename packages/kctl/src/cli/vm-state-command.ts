import type { VmState } from '@kcore/contract';
import type { Outcome } from '../output/result.ts';
import { WaitingCommand } from './waiting-command.ts';

/** A command that starts or stops VMs. All are told before any is waited for. */
export abstract class VmStateCommand extends WaitingCommand {
  protected async setEach(names: readonly string[], state: VmState): Promise<number> {
    const told: string[] = [];
    const exit = await this.each(names, async (name): Promise<Outcome> => {
      const params = { requestId: this.context.requestId(), name, state };
      const { outcome, changes } = await this.call('vm.setState', params, `kctl get vm ${name}`);
      told.push(name);
      return { kind: 'VM', name, outcome, changes };
    });
    if (!this.wait) return exit;
    const waited = await this.forEach(told, async (name) => {
      await this.waitFor(name, state === 'running' ? 'up' : 'down');
    });
    return exit || waited;
  }
}
