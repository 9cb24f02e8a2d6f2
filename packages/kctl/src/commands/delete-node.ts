import { Command, Option } from 'clipanion';
import { EachCommand } from '../cli/each-command.ts';

export class DeleteNode extends EachCommand {
  static override paths = [
    ['delete', 'node'],
    ['delete', 'nodes'],
  ];
  static override usage = Command.Usage({
    category: 'Nodes',
    description: 'Take nodes out of the cluster.',
    details: `
      Refused while VMs are assigned to the node. Its certificate is no longer let in; to bring it back, make it a new
      one with 'kctl create node-certificate'.
    `,
    examples: [['', '$0 delete node node-3']],
  });

  names = Option.Rest({ name: 'NAME', required: 1 });

  protected override async perform(): Promise<number> {
    return await this.each(this.names, async (name) => {
      await this.call('node.delete', { requestId: this.context.requestId(), name }, `kctl get node ${name}`);
      return { kind: 'Node', name, outcome: 'deleted' };
    });
  }
}
