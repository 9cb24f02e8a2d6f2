import { Command, Option } from 'clipanion';
import { EachCommand } from '../cli/each-command.ts';

export class DeleteSshKey extends EachCommand {
  static override paths = [
    ['delete', 'ssh-key'],
    ['delete', 'ssh-keys'],
  ];
  static override usage = Command.Usage({
    category: 'SSH keys',
    description: 'Forget public keys; VMs that have one keep it.',
    examples: [['', '$0 delete ssh-key anna']],
  });

  names = Option.Rest({ name: 'NAME', required: 1 });

  protected override async perform(): Promise<number> {
    return await this.each(this.names, async (name) => {
      await this.call('sshKey.delete', { requestId: this.context.requestId(), name }, 'kctl get ssh-keys');
      return { kind: 'SshKey', name, outcome: 'deleted' };
    });
  }
}
