import { KcoreError, type NetworkView } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { GetCommand, type Shape } from '../cli/get-command.ts';
import { networkColumns, wideNetworkColumns } from '../output/network-table.ts';
import { networkObject } from '../output/objects.ts';
import { byName } from '../output/order.ts';

export class GetNetworks extends GetCommand {
  static override paths = [
    ['get', 'networks'],
    ['get', 'network'],
  ];
  static override usage = Command.Usage({
    category: 'Networks',
    description: 'List networks: one row a logical name.',
    examples: [
      ['All networks', '$0 get networks'],
      ["Those on one node, with the node's state", '$0 get networks --target-node node-1 -o wide'],
      ['One as a manifest', '$0 get network private -o yaml'],
    ],
  });

  names = Option.Rest({ name: 'NAME' });
  targetNode = Option.String('--target-node', { description: '<NODE> only networks that are on it' });

  protected override async perform(): Promise<number | undefined> {
    const shape: Shape<NetworkView> = {
      kind: 'network',
      columns: networkColumns,
      wide: wideNetworkColumns(this.context.now()),
      object: networkObject,
    };
    if (this.names.length > 0) return await this.getEach(this.names, (name) => this.getOne(name), shape);
    const node = this.targetNode;
    const { networks } = await this.call('network.list', node === undefined ? {} : { node }, 'kctl get networks');
    const rows = networks.map((view) => this.onTarget(view));
    await this.showRows(
      rows.sort((a, b) => byName(a.network.name, b.network.name)),
      shape,
      false,
    );
    return undefined;
  }

  private async getOne(name: string): Promise<NetworkView> {
    const { network, nodes } = await this.call('network.get', { name }, `kctl get network ${name}`);
    const view = this.onTarget({ network, nodes });
    if (view.nodes.length > 0 || this.targetNode === undefined) return view;
    throw new KcoreError('NotFound', `network '${name}' is not on node '${this.targetNode}'`);
  }

  /** With `--target-node`, only what concerns that node. */
  private onTarget(view: NetworkView): NetworkView {
    if (this.targetNode === undefined) return view;
    return { ...view, nodes: view.nodes.filter(({ node }) => node === this.targetNode) };
  }
}
