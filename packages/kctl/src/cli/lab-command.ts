import type { LabStep } from '@kcore/lab';
import { Option } from 'clipanion';
import { stepLine } from '../lab/show.ts';
import { coloursWanted } from '../text/colour.ts';
import { OutputCommand } from './command.ts';

/** A command about a lab. The lab's package is loaded only here: it brings netlink with it. */
export abstract class LabCommand extends OutputCommand {
  lab = Option.String('--name', 'lab', { description: '<LAB> name of the lab (lab)' });

  /** Steps, to stderr. */
  protected readonly progress = (step: LabStep): void => {
    const line = stepLine(step, coloursWanted(this.context.stderr, this.context.env));
    if (line !== undefined) this.note(line);
  };
}
