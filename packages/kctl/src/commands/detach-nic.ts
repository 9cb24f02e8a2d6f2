import { Command, Option } from 'clipanion';
import { WaitingCommand } from '../cli/waiting-command.ts';
import { parseInteger } from '../input/number.ts';
import { changedNic } from '../output/result.ts';

export class DetachNic extends WaitingCommand {
  static override paths = [['detach', 'nic']];
  static override usage = Command.Usage({
    category: 'VMs',
    description: 'Take a NIC from a VM, whether it runs or not.',
    details: `
      Its address rests for ten minutes and is free then. The numbers of the other NICs stay as they are; 'kctl describe
      vm' shows them.
    `,
    examples: [['', '$0 detach nic web-01 1']],
  });

  name = Option.String({ name: 'VM' });
  index = Option.String({ name: 'INDEX' });
  override wait = Option.Boolean('--wait', false, {
    description: "until the VM's node has taken it; --timeout is 5m then",
  });

  protected override async perform(): Promise<undefined> {
    const { name } = this;
    const params = { requestId: this.context.requestId(), name, index: parseInteger('INDEX', this.index) };
    const { nic } = await this.call('vm.detachNic', params, `kctl describe vm ${name}`);
    await this.show(changedNic('detached', name, nic));
    if (this.wait) await this.waitFor(name, 'taken');
  }
}
