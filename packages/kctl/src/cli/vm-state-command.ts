import type { VmState } from '@kcore/contract';
import type { Outcome } from '../output/result.ts';
import { EachCommand } from './each-command.ts';

/** A command that starts or stops VMs. */
export abstract class VmStateCommand extends EachCommand {
  protected async setEach(names: readonly string[], state: VmState): Promise<number> {
    return await this.each(names, async (name): Promise<Outcome> => {
      const params = { requestId: this.context.requestId(), name, state };
      const { outcome, changes } = await this.call('vm.setState', params, `kctl get vm ${name}`);
      return { kind: 'VM', name, outcome, changes };
    });
  }
}
