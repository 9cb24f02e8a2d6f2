import { Command, Option } from 'clipanion';
import { VmStateCommand } from '../cli/vm-state-command.ts';

export class StopVm extends VmStateCommand {
  static override paths = [
    ['stop', 'vm'],
    ['stop', 'vms'],
  ];
  static override usage = Command.Usage({
    category: 'VMs',
    description: 'Shut VMs down, by force after a minute; their addresses and disks stay.',
    examples: [
      ['', '$0 stop vm web-01 web-02'],
      ['And wait until it is down', '$0 stop vm web-01 --wait'],
    ],
  });

  names = Option.Rest({ name: 'NAME', required: 1 });
  override wait = Option.Boolean('--wait', false, { description: 'until the VM is down; --timeout is 5m then' });

  protected override async perform(): Promise<number> {
    return await this.setEach(this.names, 'stopped');
  }
}
