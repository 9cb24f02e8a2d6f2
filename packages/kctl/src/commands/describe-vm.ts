import { Command, Option } from 'clipanion';
import { ControllerCommand } from '../cli/command.ts';
import { describeVm } from '../output/describe-vm.ts';
import { vmObject } from '../output/objects.ts';

export class DescribeVm extends ControllerCommand {
  static override paths = [
    ['describe', 'vm'],
    ['describe', 'vms'],
  ];
  static override usage = Command.Usage({
    category: 'VMs',
    description: 'Show everything about a VM: its NICs with addresses, its disks, its state.',
    examples: [['', '$0 describe vm web-01']],
  });

  name = Option.String({ name: 'NAME' });

  protected override async perform(): Promise<undefined> {
    const { name } = this;
    const view = await this.call('vm.get', { name }, `kctl describe vm ${name}`);
    await this.show({
      lines: ({ colours }) => describeVm(view, this.context.now(), colours),
      data: () => vmObject(view),
      names: () => [`vm/${name}`],
    });
  }
}
