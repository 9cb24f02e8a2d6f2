import type { NodeView } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { GetCommand, type Shape } from '../cli/get-command.ts';
import { nodeColumns, wideNodeColumns } from '../output/node-table.ts';
import { nodeObject } from '../output/objects.ts';
import { byName } from '../output/order.ts';

export class GetNodes extends GetCommand {
  static override paths = [
    ['get', 'nodes'],
    ['get', 'node'],
  ];
  static override usage = Command.Usage({
    category: 'Nodes',
    description: 'List nodes, and whether they take part in overlays.',
    examples: [['All nodes with kernel, agent and conditions', '$0 get nodes -o wide']],
  });

  names = Option.Rest({ name: 'NAME' });

  protected override async perform(): Promise<number | undefined> {
    const shape: Shape<NodeView> = {
      kind: 'node',
      columns: nodeColumns,
      wide: wideNodeColumns(this.context.now()),
      object: nodeObject,
    };
    if (this.names.length > 0) return await this.getEach(this.names, (name) => this.getOne(name), shape);
    const { nodes } = await this.call('node.list', {}, 'kctl get nodes');
    await this.showRows(
      [...nodes].sort((a, b) => byName(a.name, b.name)),
      shape,
      false,
    );
    return undefined;
  }

  private async getOne(wanted: string): Promise<NodeView> {
    const {
      networks: _n,
      vms: _v,
      events: _e,
      ...node
    } = await this.call('node.get', { name: wanted }, 'kctl get nodes');
    return node;
  }
}
