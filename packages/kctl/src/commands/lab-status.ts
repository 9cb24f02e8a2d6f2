import { Command } from 'clipanion';
import { LabCommand } from '../cli/lab-command.ts';
import { labPrintable } from '../lab/show.ts';

export class LabStatusCommand extends LabCommand {
  static override paths = [['lab', 'status']];
  static override usage = Command.Usage({
    category: 'Lab',
    description: 'Show the processes, namespaces and logs of a lab.',
    examples: [['For a program', '$0 lab status -o json']],
  });

  protected override async perform(): Promise<undefined> {
    const { labStatus } = await this.context.loadLab();
    await this.show(labPrintable(await labStatus({ name: this.lab })));
  }
}
