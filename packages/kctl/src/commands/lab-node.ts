import type { LabNodeAction } from '@kcore/lab';
import { Command, Option } from 'clipanion';
import { LabCommand } from '../cli/lab-command.ts';
import { UsageProblem } from '../cli/report.ts';
import { labPrintable } from '../lab/show.ts';

const ACTIONS = ['add', 'remove', 'stop', 'start'] as const satisfies readonly LabNodeAction[];

export class LabNode extends LabCommand {
  static override paths = ACTIONS.map((action) => ['lab', 'node', action]);
  static override usage = Command.Usage({
    category: 'Lab',
    description: 'Add a node to a lab, remove one, stop its agent or start it again.',
    details: `
      add: a new machine joins. remove: it leaves the cluster and is gone. stop: its agent ends, while its guests and
      networks run on. start: the agent again.
    `,
    examples: [
      ['', '$0 lab node add node-4'],
      ['', '$0 lab node stop node-2'],
    ],
  });

  node = Option.String({ name: 'NODE' });
  disableVxlan = Option.Boolean('--disable-vxlan', false, { description: 'add: it takes no part in overlays' });

  protected override async perform(): Promise<undefined> {
    void this.format;
    const action = ACTIONS.find((known) => known === this.path.at(-1));
    if (action === undefined) throw new UsageProblem('unknown action', "see 'kctl lab node add --help'");
    if (this.disableVxlan && action !== 'add') {
      throw new UsageProblem(
        '--disable-vxlan is for add: a node keeps what it joined with',
        "see 'kctl lab node add --help'",
      );
    }
    const [{ labNode }, { labBackend }] = await Promise.all([this.context.loadLab(), import('../lab/backend.ts')]);
    const status = await labNode({
      name: this.lab,
      action,
      node: this.node,
      ...(this.disableVxlan ? { disableVxlan: true } : {}),
      progress: this.progress,
      ...labBackend(this.context.connect, this.context.now),
    });
    await this.show(labPrintable(status));
  }
}
