import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a program to its end, whatever its exit status. */
export async function run(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program = '', ...parameters] = command;
  const child = spawn(program, parameters, { env: { ...process.env, ...options.env } });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { ...output, code: code ?? (signal === null ? -1 : 128) };
}

/** Its standard output. @throws {Error} with all it said, unless it ends with status 0. */
export async function mustRun(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { stdout, stderr, code } = await run(command, options);
  if (code === 0) return stdout;
  throw new Error(`${command.join(' ')}: exit status ${code}\n${stdout}${stderr}`);
}

/** A program that runs beside a test. */
export interface Background {
  readonly pid: number;
  /** Resolves when it has ended by itself. */
  readonly ended: Promise<unknown>;
  /** What it has said so far, both outputs together. */
  said(): string;
  /** Ends it and resolves with all that it said. */
  stop(signal?: NodeJS.Signals): Promise<string>;
}

export function startBackground(command: readonly string[]): Background {
  const [program = '', ...parameters] = command;
  const child: ChildProcess = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => said.push(text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const closed = once(child, 'close');
  // Without a listener, a program that cannot be started would end the whole test run.
  closed.catch((error: unknown) => said.push(String(error)));
  return {
    pid: child.pid ?? 0,
    ended: closed,
    said: () => said.join(''),
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await closed;
      return said.join('');
    },
  };
}
