import type { VmView } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { GetCommand, type Shape } from '../cli/get-command.ts';
import { present } from '../input/present.ts';
import { vmObject } from '../output/objects.ts';
import { byName } from '../output/order.ts';
import { vmColumns, wideVmColumns } from '../output/vm-table.ts';

export class GetVms extends GetCommand {
  static override paths = [
    ['get', 'vms'],
    ['get', 'vm'],
  ];
  static override usage = Command.Usage({
    category: 'VMs',
    description: 'List VMs with their addresses.',
    examples: [
      ['All VMs', '$0 get vms'],
      ['Those on one network, with MAC addresses', '$0 get vms --network private -o wide'],
    ],
  });

  names = Option.Rest({ name: 'NAME' });
  network = Option.String('--network', { description: '<NETWORK> only VMs on it' });
  targetNode = Option.String('--target-node,--node', { description: '<NODE> only VMs on it' });

  protected override async perform(): Promise<number | undefined> {
    const shape: Shape<VmView> = {
      kind: 'vm',
      columns: vmColumns,
      wide: wideVmColumns(this.context.now()),
      object: vmObject,
    };
    if (this.names.length > 0) {
      return await this.getEach(this.names, (name) => this.call('vm.get', { name }, `kctl get vm ${name}`), shape);
    }
    const filter = present<{ network?: string; node?: string }>({ network: this.network, node: this.targetNode });
    const { vms } = await this.call('vm.list', filter, 'kctl get vms');
    await this.showRows(
      [...vms].sort((a, b) => byName(a.vm.name, b.vm.name)),
      shape,
      false,
    );
    return undefined;
  }
}
