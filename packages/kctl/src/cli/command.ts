import type { MethodName, Params, Result } from '@kcore/contract';
import { Command, Option } from 'clipanion';
import type { Access } from '../config/access.ts';
import { configPath } from '../config/file.ts';
import { callController } from '../connection/retry.ts';
import { type OutputFormat, type Printable, parseFormat, render } from '../output/format.ts';
import { coloursWanted } from '../text/colour.ts';
import type { KctlContext } from './context.ts';
import { accessOf, contextOption, timeoutMsOf } from './reach.ts';
import { reportError } from './report.ts';

/**
 * What all commands share: errors become a line on stderr and an exit status, in one place.
 *
 * A flag's description begins with the word for its value: `<ADDRESS> where …`; help shows it beside the flag.
 */
export abstract class KctlCommand extends Command<KctlContext> {
  /** What the command does; an exit status other than 0 only where that is an answer and not an error. */
  protected abstract perform(): Promise<number | undefined>;

  override async execute(): Promise<number> {
    try {
      return (await this.perform()) ?? 0;
    } catch (error) {
      return reportError(error, this.context);
    }
  }

  protected get configFile(): string {
    return configPath(this.context.env, this.context.home);
  }

  protected get colours(): boolean {
    return coloursWanted(this.context.stdout, this.context.env);
  }

  /** Data, to stdout. */
  protected print(text: string): void {
    this.context.stdout.write(text);
  }

  /** Progress, to stderr. */
  protected note(line: string): void {
    this.context.stderr.write(`${line}\n`);
  }

  /**
   * Does `work` for each name; one that fails does not keep the others from being tried.
   * Returns the exit status of the first failure.
   */
  protected async forEach(names: readonly string[], work: (name: string) => Promise<void>): Promise<number> {
    let exit = 0;
    for (const name of [...new Set(names)]) {
      try {
        await work(name);
      } catch (error) {
        const status = reportError(error, this.context);
        exit ||= status;
      }
    }
    return exit;
  }
}

/** A command that prints a result in the format asked for. */
export abstract class OutputCommand extends KctlCommand {
  output = Option.String('-o,--output', { description: '<FORMAT> how to print the result: json, yaml or name' });

  /** Formats beside json, yaml and name; the first is the default. */
  protected readonly formats: readonly OutputFormat[] = ['text'];

  protected get format(): OutputFormat {
    return parseFormat(this.output, this.formats);
  }

  protected async show(result: Printable): Promise<void> {
    this.print(await render(result, this.format, this.colours));
  }
}

/** A command that calls the controller of a context. */
export abstract class ControllerCommand extends OutputCommand {
  contextName = contextOption();
  timeout = Option.String('--timeout', {
    description: '<TIME> how long to wait for the controller, repeating if need be (30s)',
  });

  protected async access(): Promise<Access> {
    return await accessOf(this.context, this.contextName);
  }

  /** @param lookup the command that shows what became of it, named when the answer never came. */
  protected async call<M extends MethodName>(method: M, params: Params<M>, lookup: string): Promise<Result<M>> {
    // A format that does not exist is refused before anything is changed.
    void this.format;
    const { connect, clock } = this.context;
    return await callController(connect, clock, {
      access: await this.access(),
      method,
      params,
      timeoutMs: this.callTimeoutMs,
      lookup,
    });
  }

  /** Milliseconds. */
  protected get callTimeoutMs(): number {
    return timeoutMsOf(this.timeout);
  }
}
