import { Command } from 'clipanion';
import { LabCommand } from '../cli/lab-command.ts';
import { withoutContext } from '../config/config.ts';
import { editConfig } from '../config/file.ts';

export class LabDown extends LabCommand {
  static override paths = [['lab', 'down']];
  static override usage = Command.Usage({
    category: 'Lab',
    description: 'Take a lab down; nothing of it is left behind.',
    examples: [['', '$0 lab down']],
  });

  protected override async perform(): Promise<undefined> {
    void this.format;
    const { labDown } = await this.context.loadLab();
    await labDown({ name: this.lab, progress: this.progress });
    await editConfig(this.configFile, (config) => withoutContext(config, `lab-${this.lab}`));
    await this.show({
      lines: () => [`lab '${this.lab}' is down`],
      data: () => ({ name: this.lab, state: 'down' }),
      names: () => [`lab/${this.lab}`],
    });
  }
}
