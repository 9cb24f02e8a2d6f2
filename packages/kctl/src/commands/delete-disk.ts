import { Command, Option } from 'clipanion';
import { EachCommand } from '../cli/each-command.ts';

export class DeleteDisk extends EachCommand {
  static override paths = [
    ['delete', 'disk'],
    ['delete', 'disks'],
  ];
  static override usage = Command.Usage({
    category: 'VMs',
    description: 'Delete disks that were kept when their VM was deleted. What is on them is lost.',
    examples: [['', '$0 delete disk db-01-3f2a9c41']],
  });

  names = Option.Rest({ name: 'NAME', required: 1 });

  protected override async perform(): Promise<number> {
    return await this.each(this.names, async (name) => {
      const params = { requestId: this.context.requestId(), name };
      const { node } = await this.call('disk.delete', params, 'kctl get disks');
      return { kind: 'Disk', name, outcome: 'deleted', nodes: [node] };
    });
  }
}
