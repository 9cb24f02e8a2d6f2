import { Command, Option } from 'clipanion';
import { VmStateCommand } from '../cli/vm-state-command.ts';

export class StartVm extends VmStateCommand {
  static override paths = [
    ['start', 'vm'],
    ['start', 'vms'],
  ];
  static override usage = Command.Usage({
    category: 'VMs',
    description: 'Start VMs that were stopped; they have their addresses and disks still.',
    examples: [
      ['', '$0 start vm web-01 web-02'],
      ['And wait until it answers', '$0 start vm web-01 --wait --timeout 2m'],
    ],
  });

  names = Option.Rest({ name: 'NAME', required: 1 });

  protected override async perform(): Promise<number> {
    return await this.setEach(this.names, 'running');
  }
}
