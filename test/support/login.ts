import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Background, type CommandResult, mustRun, run, startBackground } from './command.ts';
import { eventually } from './eventually.ts';
import { placed } from './namespace.ts';

export interface LoginOptions {
  /** From where. */
  readonly netns: string;
  readonly address: string;
  readonly port?: number;
  /** File of the private key. */
  readonly key: string;
  /** For the connection's socket. */
  readonly directory: string;
  readonly timeoutMs?: number;
}

/** A person who is logged in to a guest. */
export interface Login extends AsyncDisposable {
  /** What a command printed. @throws unless its status is 0. */
  run(command: string): Promise<string>;
  /** As `run`, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: as `witness`.
  json(command: string): Promise<any>;
  /** A command that runs beside a test, until it is stopped. */
  start(command: string): Background;
}

const USER = 'debian';
const OPTIONS = Object.entries({
  BatchMode: 'yes',
  StrictHostKeyChecking: 'no',
  UserKnownHostsFile: '/dev/null',
  LogLevel: 'ERROR',
  ConnectTimeout: '10',
  IdentitiesOnly: 'yes',
}).flatMap(([name, value]) => ['-o', `${name}=${value}`]);

function target({ address, port = 22, key }: LoginOptions): readonly string[] {
  return ['-F', '/dev/null', ...OPTIONS, '-i', key, '-p', String(port), `${USER}@${address}`];
}

/** Logs in with a key, and stays: under emulation a login costs seconds, and a command in it a fraction of one. */
export async function logIn(options: LoginOptions): Promise<Login> {
  const { netns, address, port, directory, timeoutMs = 120_000 } = options;
  const socket = join(directory, `login-${address}-${port ?? 22}`);
  const connection = await eventually(
    async () => {
      const trying = startBackground(placed(netns, ['ssh', '-N', '-M', '-S', socket, ...target(options)]));
      const ended = trying.ended.then(() => true);
      while (!existsSync(socket)) {
        if (await Promise.race([ended, sleep(50, false)])) throw new Error(`ssh to ${address}: ${trying.said()}`);
      }
      return trying;
    },
    { timeoutMs },
  );
  const command = (text: string): readonly string[] => ['ssh', '-S', socket, ...target(options), text];
  return {
    run: (text) => mustRun(command(text)),
    json: async (text) => JSON.parse(await mustRun(command(text))),
    start: (text) => startBackground(command(text)),
    [Symbol.asyncDispose]: async () => {
      await connection.stop();
    },
  };
}

/** Tries to log in without a key, by whatever else the guest would take. */
export function logInWithoutKey(options: LoginOptions): Promise<CommandResult> {
  const command = ['ssh', '-o', 'PubkeyAuthentication=no', ...target(options), 'true'];
  return run(placed(options.netns, command));
}
