import type { NicSpec } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { WaitingCommand } from '../cli/waiting-command.ts';
import { present } from '../input/present.ts';
import { changedNic } from '../output/result.ts';

export class AttachNic extends WaitingCommand {
  static override paths = [['attach', 'nic']];
  static override usage = Command.Usage({
    category: 'VMs',
    description: 'Give a VM one more NIC, whether it runs or not.',
    details: `
      The network must be on the VM's node. The NIC has the lowest number that is free; a running guest finds it as it
      would find a card that is plugged in. Without --address it gets the next free address of the network.
    `,
    examples: [
      ['', '$0 attach nic web-01 --network storage'],
      ['With a certain address', '$0 attach nic web-01 --network storage --address 10.9.0.20'],
    ],
  });

  name = Option.String({ name: 'VM' });
  network = Option.String('--network', { description: "<NETWORK> to which it is connected; 'default' otherwise" });
  address = Option.String('--address', { description: '<ADDRESS> that it is to have' });
  mac = Option.String('--mac', { description: '<MAC> that it is to have' });
  override wait = Option.Boolean('--wait', false, {
    description: "until the VM's node has taken it; --timeout is 5m then",
  });

  protected override async perform(): Promise<undefined> {
    const { name } = this;
    const nic = present<NicSpec>({ network: this.network, address: this.address, mac: this.mac?.toLowerCase() });
    const params = { requestId: this.context.requestId(), name, nic };
    const result = await this.call('vm.attachNic', params, `kctl describe vm ${name}`);
    await this.show(changedNic('attached', name, result.nic));
    if (this.wait) await this.waitFor(name, 'taken');
  }
}
