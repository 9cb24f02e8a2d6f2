import { Command, Option } from 'clipanion';
import { EachCommand } from '../cli/each-command.ts';

export class DeleteNetwork extends EachCommand {
  static override paths = [
    ['delete', 'network'],
    ['delete', 'networks'],
  ];
  static override usage = Command.Usage({
    category: 'Networks',
    description: 'Delete networks, or the copy of one on certain nodes.',
    details: `
      A nat or bridge network that is on several nodes needs --target-node (only those copies) or --all-nodes. A vxlan
      network is one network: without --target-node it goes everywhere. A network with VMs on it is not deleted.
    `,
    examples: [
      ['', '$0 delete network prod'],
      ["Only one node's copy", '$0 delete network prod --target-node node-1'],
    ],
  });

  names = Option.Rest({ name: 'NAME', required: 1 });
  targetNodes = Option.Array('--target-node', { description: '<NODE> only the copy there; repeatable' });
  allNodes = Option.Boolean('--all-nodes', false, { description: 'every copy, on whatever nodes' });

  protected override async perform(): Promise<number> {
    return await this.each(this.names, async (name) => {
      const params = {
        requestId: this.context.requestId(),
        name,
        targetNodes: [...new Set(this.targetNodes ?? [])],
        allNodes: this.allNodes,
      };
      const { nodes, remaining } = await this.call('network.delete', params, `kctl get network ${name}`);
      return { kind: 'Network', name, outcome: 'deleted', nodes, remaining };
    });
  }
}
