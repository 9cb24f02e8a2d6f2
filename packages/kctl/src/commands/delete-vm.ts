import { Command, Option } from 'clipanion';
import { EachCommand } from '../cli/each-command.ts';

export class DeleteVm extends EachCommand {
  static override paths = [
    ['delete', 'vm'],
    ['delete', 'vms'],
  ];
  static override usage = Command.Usage({
    category: 'VMs',
    description: 'Stop and delete VMs; their addresses are free again.',
    details: `
      With --keep-disks the disks stay on the VM's node, under a name that 'kctl get disks' shows; another VM can have
      them ('kctl create vm --disk'), or 'kctl delete disk' deletes them.
    `,
    examples: [
      ['', '$0 delete vm web-01 web-02'],
      ['And keep what is on its disks', '$0 delete vm db-01 --keep-disks'],
    ],
  });

  names = Option.Rest({ name: 'NAME', required: 1 });
  keepDisks = Option.Boolean('--keep-disks', false, { description: 'leave the disks on the node' });

  protected override async perform(): Promise<number> {
    return await this.each(this.names, async (name) => {
      const keep = this.keepDisks ? { keepDisks: true } : {};
      const params = { requestId: this.context.requestId(), name, ...keep };
      const { node, kept } = await this.call('vm.delete', params, `kctl get vm ${name}`);
      const deleted = { kind: 'VM', name, outcome: 'deleted', nodes: [node] } as const;
      if (kept !== undefined) return { ...deleted, kept: kept.name, changes: [`disks: kept as '${kept.name}'`] };
      return this.keepDisks ? { ...deleted, changes: ['disks: it had none'] } : deleted;
    });
  }
}
