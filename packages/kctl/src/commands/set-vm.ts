import { invalidArgument } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { UsageProblem } from '../cli/report.ts';
import { VmStateCommand } from '../cli/vm-state-command.ts';

export class SetVm extends VmStateCommand {
  static override paths = [['set', 'vm']];
  static override usage = Command.Usage({
    category: 'VMs',
    description: 'Change what VMs are wanted to be.',
    examples: [
      ['Shut one down', '$0 set vm web-01 --state stopped'],
      ['Start one and wait until it answers', '$0 set vm web-01 --state running --wait'],
    ],
  });

  names = Option.Rest({ name: 'NAME', required: 1 });
  override wait = Option.Boolean('--wait', false, {
    description: 'until the VM answers, or is down; --timeout is 5m then',
  });
  state = Option.String('--state', { description: '<STATE> running or stopped' });

  protected override async perform(): Promise<number> {
    const { state } = this;
    if (state === undefined) throw new UsageProblem('--state is missing', 'kctl set vm --help');
    if (state === 'running' || state === 'stopped') return await this.setEach(this.names, state);
    throw invalidArgument(`--state: '${state}' is not running or stopped`, { field: '--state' });
  }
}
