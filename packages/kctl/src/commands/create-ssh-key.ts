import { parsePublicKey } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import { ControllerCommand } from '../cli/command.ts';
import { UsageProblem } from '../cli/report.ts';
import { readSource } from '../manifest/source.ts';
import { createdSshKey } from '../output/result.ts';

export class CreateSshKey extends ControllerCommand {
  static override paths = [['create', 'ssh-key']];
  static override usage = Command.Usage({
    category: 'SSH keys',
    description: 'Give a public key a name, by which VMs can have it.',
    details: `
      cloud-init writes it to the authorized keys of the image's user: ubuntu, debian, and so on. A private key is
      refused before it leaves this machine.
    `,
    examples: [
      ['', '$0 create ssh-key anna --file ~/.ssh/id_ed25519.pub'],
      ['And a VM that anna can log in to', '$0 create vm web-01 --image debian-12 --ssh-key anna'],
    ],
  });

  name = Option.String({ name: 'NAME' });
  file = Option.String('--file', { description: '<FILE> with the public key; - is standard input' });
  publicKey = Option.String('--public-key', { description: '<TEXT> the public key itself' });

  protected override async perform(): Promise<undefined> {
    const { name } = this;
    const params = { requestId: this.context.requestId(), name, publicKey: await this.read() };
    const { sshKey } = await this.call('sshKey.create', params, `kctl get ssh-keys ${name}`);
    await this.show(createdSshKey(sshKey));
  }

  private async read(): Promise<string> {
    if ((this.file === undefined) === (this.publicKey === undefined)) {
      throw new UsageProblem('give either --file or --public-key', 'kctl create ssh-key --help');
    }
    if (this.publicKey !== undefined) return parsePublicKey(this.publicKey, '--public-key');
    const { text } = await readSource(this.file ?? '-', this.context.stdin);
    return parsePublicKey(text, '--file');
  }
}
