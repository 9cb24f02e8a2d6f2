import { type Outcome, outcomes } from '../output/result.ts';
import { ControllerCommand } from './command.ts';

/** A command that does the same to names one after the other and says of each what became of it. */
export abstract class EachCommand extends ControllerCommand {
  protected async each(names: readonly string[], one: (name: string) => Promise<Outcome>): Promise<number> {
    const { format } = this;
    const done: Outcome[] = [];
    const exit = await this.forEach(names, async (name) => {
      const outcome = await one(name);
      done.push(outcome);
      if (format === 'text' || format === 'name') await this.show(outcomes([outcome]));
    });
    if (format === 'json' || format === 'yaml') await this.show(outcomes(done));
    return exit;
  }
}
