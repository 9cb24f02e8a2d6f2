import { Command, Option } from 'clipanion';
import { ControllerCommand } from '../cli/command.ts';
import { describeNode } from '../output/describe-node.ts';
import { nodeObject } from '../output/objects.ts';

export class DescribeNode extends ControllerCommand {
  static override paths = [
    ['describe', 'node'],
    ['describe', 'nodes'],
  ];
  static override usage = Command.Usage({
    category: 'Nodes',
    description: 'Show everything about a node: links, networks, VMs, conditions, events.',
    examples: [['', '$0 describe node node-1']],
  });

  name = Option.String({ name: 'NAME' });

  protected override async perform(): Promise<undefined> {
    const { name } = this;
    const node = await this.call('node.get', { name }, `kctl describe node ${name}`);
    await this.show({
      lines: ({ colours }) => describeNode(node, this.context.now(), colours),
      data: () => nodeObject(node),
      names: () => [`node/${name}`],
    });
  }
}
