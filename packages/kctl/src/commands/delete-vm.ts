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
    examples: [['', '$0 delete vm web-01 web-02']],
  });

  names = Option.Rest({ name: 'NAME', required: 1 });

  protected override async perform(): Promise<number> {
    return await this.each(this.names, async (name) => {
      const params = { requestId: this.context.requestId(), name };
      const { node } = await this.call('vm.delete', params, `kctl get vm ${name}`);
      return { kind: 'VM', name, outcome: 'deleted', nodes: [node] };
    });
  }
}
