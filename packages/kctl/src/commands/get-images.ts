import { notFound } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { GetCommand, type Shape } from '../cli/get-command.ts';
import { present } from '../input/present.ts';
import { type ImageRow, imageColumns, imageObject, imageRows, wideImageColumns } from '../output/image-table.ts';
import { printable } from '../text/table.ts';

const shape: Shape<ImageRow> = {
  kind: 'image',
  columns: imageColumns,
  wide: wideImageColumns,
  object: imageObject,
};

export class GetImages extends GetCommand {
  static override paths = [
    ['get', 'images'],
    ['get', 'image'],
  ];
  static override usage = Command.Usage({
    category: 'Images',
    description: 'List images: those of the catalogue, and what the connected nodes have.',
    details:
      'States: available (in the catalogue; a node fetches it when a VM needs it), fetching, ready, failed. ' +
      'Shown is the best that any node says.',
    examples: [
      ['All images, and where they are', '$0 get images'],
      ['With digests and URLs', '$0 get images -o wide'],
      ['What one node has', '$0 get images --node node-1'],
    ],
  });

  names = Option.Rest({ name: 'NAME' });
  targetNode = Option.String('--node,--target-node', { description: '<NODE> only what it has' });

  protected override async perform(): Promise<number | undefined> {
    const { targetNode: node } = this;
    const list = await this.call('image.list', present({ node }), 'kctl get images');
    if (list.problem !== undefined) this.note(`warning: ${printable(list.problem)}`);
    const rows = imageRows(list).filter(({ places }) => node === undefined || places.length > 0);
    if (this.names.length > 0) return await this.getNamed(rows);
    await this.showRows(rows, shape, false);
    return undefined;
  }

  private async getNamed(rows: readonly ImageRow[]): Promise<number> {
    const where = this.targetNode === undefined ? '' : ` on node '${this.targetNode}'`;
    const find = async (wanted: string): Promise<ImageRow> => {
      const found = rows.find(({ name, digest }) => name === wanted || digest === wanted);
      if (found === undefined) throw notFound(`image '${wanted}' not found${where}`);
      return found;
    };
    return await this.getEach(this.names, find, shape);
  }
}
