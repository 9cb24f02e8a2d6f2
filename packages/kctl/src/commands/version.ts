import { SUBPROTOCOL } from '@kcore/contract';
import { Command } from 'clipanion';
import { OutputCommand } from '../cli/command.ts';
import { kctlVersion } from '../cli/version.ts';

export class Version extends OutputCommand {
  static override paths = [['version'], ['--version']];
  static override usage = Command.Usage({
    category: 'Configuration',
    description: 'Show the version of kctl and of the protocol it speaks.',
    examples: [['', '$0 version -o json']],
  });

  protected override async perform(): Promise<undefined> {
    const version = kctlVersion();
    await this.show({
      lines: () => [`kctl ${version} (protocol ${SUBPROTOCOL}, node ${process.versions.node})`],
      data: () => ({ kctl: version, protocol: SUBPROTOCOL, node: process.versions.node }),
      names: () => [`kctl/${version}`],
    });
  }
}
