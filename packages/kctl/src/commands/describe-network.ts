import { Command, Option } from 'clipanion';
import { ControllerCommand } from '../cli/command.ts';
import { describeNetwork } from '../output/describe-network.ts';
import { networkObject } from '../output/objects.ts';

export class DescribeNetwork extends ControllerCommand {
  static override paths = [
    ['describe', 'network'],
    ['describe', 'networks'],
  ];
  static override usage = Command.Usage({
    category: 'Networks',
    description: 'Show everything about a network: its nodes with their state, VMs, conditions, events.',
    examples: [['', '$0 describe network private']],
  });

  name = Option.String({ name: 'NAME' });

  protected override async perform(): Promise<undefined> {
    const { name } = this;
    const description = await this.call('network.get', { name }, `kctl describe network ${name}`);
    const object = networkObject(description);
    await this.show({
      lines: ({ colours }) => describeNetwork(description, this.context.now(), colours),
      data: () => ({
        ...object,
        status: { ...(object.status as object), vms: description.vms, events: description.events },
      }),
      names: () => [`network/${name}`],
    });
  }
}
