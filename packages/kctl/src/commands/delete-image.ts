import { Command, Option } from 'clipanion';
import { EachCommand } from '../cli/each-command.ts';
import { present } from '../input/present.ts';

export class DeleteImage extends EachCommand {
  static override paths = [
    ['delete', 'image'],
    ['delete', 'images'],
  ];
  static override usage = Command.Usage({
    category: 'Images',
    description: 'Delete images from the nodes that have them. VMs that were made of one keep their disks.',
    details: 'One of the catalogue stays in it, and is fetched again when a VM needs it.',
    examples: [
      ['', '$0 delete image debian-12'],
      ['By digest, from one node', '$0 delete image sha256:9f86d081… --node node-1'],
    ],
  });

  names = Option.Rest({ name: 'NAME|DIGEST', required: 1 });
  targetNode = Option.String('--node,--target-node', { description: '<NODE> only from it' });

  protected override async perform(): Promise<number> {
    const { targetNode: node } = this;
    return await this.each(this.names, async (name) => {
      const params = { image: name, ...present({ node }) };
      const { nodes, away } = await this.call('image.delete', params, 'kctl get images');
      return { kind: 'Image', name, outcome: 'deleted', nodes, remaining: away };
    });
  }
}
