import { Command, Option } from 'clipanion';
import { KctlCommand } from '../cli/command.ts';
import { findContext } from '../config/config.ts';
import { editConfig } from '../config/file.ts';

export class ConfigUseContext extends KctlCommand {
  static override paths = [['config', 'use-context']];
  static override usage = Command.Usage({
    category: 'Configuration',
    description: 'Choose the cluster that commands without --context mean.',
    examples: [['', '$0 config use-context lab-lab']],
  });

  name = Option.String({ name: 'NAME' });

  protected override async perform(): Promise<undefined> {
    await editConfig(this.configFile, (config) => ({ ...config, currentContext: findContext(config, this.name).name }));
    this.print(`using context '${this.name}'\n`);
  }
}
