import { notFound, type SshKey } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { GetCommand, type Shape } from '../cli/get-command.ts';
import { sshKeyObject } from '../output/objects.ts';
import { byName } from '../output/order.ts';
import { sshKeyColumns, wideSshKeyColumns } from '../output/ssh-key-table.ts';

export class GetSshKeys extends GetCommand {
  static override paths = [
    ['get', 'ssh-keys'],
    ['get', 'ssh-key'],
  ];
  static override usage = Command.Usage({
    category: 'SSH keys',
    description: 'List the public keys that VMs can have by name.',
    examples: [['', '$0 get ssh-keys']],
  });

  names = Option.Rest({ name: 'NAME' });

  protected override async perform(): Promise<number | undefined> {
    const shape: Shape<SshKey> = {
      kind: 'ssh-key',
      columns: sshKeyColumns,
      wide: wideSshKeyColumns(this.context.now()),
      object: sshKeyObject,
    };
    const { sshKeys } = await this.call('sshKey.list', {}, 'kctl get ssh-keys');
    const sorted = [...sshKeys].sort((a, b) => byName(a.name, b.name));
    if (this.names.length > 0) return await this.getEach(this.names, (name) => named(sorted, name), shape);
    await this.showRows(sorted, shape, false);
    return undefined;
  }
}

async function named(all: readonly SshKey[], name: string): Promise<SshKey> {
  const found = all.find((key) => key.name === name);
  if (found === undefined) throw notFound(`ssh key '${name}' not found`);
  return found;
}
