import { type KeptDisks, notFound } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { GetCommand, type Shape } from '../cli/get-command.ts';
import { keptDisksColumns, wideKeptDisksColumns } from '../output/disk-table.ts';
import { keptDisksObject } from '../output/objects.ts';
import { byName } from '../output/order.ts';

export class GetDisks extends GetCommand {
  static override paths = [
    ['get', 'disks'],
    ['get', 'disk'],
  ];
  static override usage = Command.Usage({
    category: 'VMs',
    description: 'List the disks that were kept when their VM was deleted.',
    details: `
      'kctl create vm --disk NAME' makes a VM that has them, on the node where they are.
    `,
    examples: [['', '$0 get disks']],
  });

  names = Option.Rest({ name: 'NAME' });

  protected override async perform(): Promise<number | undefined> {
    const now = this.context.now();
    const shape: Shape<KeptDisks> = {
      kind: 'disk',
      columns: keptDisksColumns(now),
      wide: wideKeptDisksColumns(now),
      object: keptDisksObject,
    };
    const { disks } = await this.call('disk.list', {}, 'kctl get disks');
    const sorted = [...disks].sort((a, b) => byName(a.name, b.name));
    if (this.names.length > 0) return await this.getEach(this.names, (name) => named(sorted, name), shape);
    await this.showRows(sorted, shape, false);
    return undefined;
  }
}

async function named(all: readonly KeptDisks[], name: string): Promise<KeptDisks> {
  const found = all.find((kept) => kept.name === name);
  if (found === undefined) throw notFound(`kept disk '${name}' not found`);
  return found;
}
