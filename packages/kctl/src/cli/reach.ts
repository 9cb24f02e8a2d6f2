import { invalidArgument } from '@kcore/contract';
import { Option } from 'clipanion';
import { type Access, loadAccess } from '../config/access.ts';
import { chooseContext } from '../config/config.ts';
import { configPath, readConfig } from '../config/file.ts';
import { parseSeconds } from '../input/number.ts';
import type { KctlContext } from './context.ts';

/** Which controller a command calls, and how long it waits for it. */

export function contextOption(): string | undefined {
  return Option.String('--context', {
    description: '<NAME> the context to use; otherwise $KCORE_CONTEXT, then the current one',
  });
}

/** Of the context with that name, or of the one that is meant when none is named. */
export async function accessOf(context: KctlContext, name: string | undefined): Promise<Access> {
  const fromEnvironment = context.env['KCORE_CONTEXT'];
  const asked = name ?? (fromEnvironment === '' ? undefined : fromEnvironment);
  const configFile = configPath(context.env, context.home);
  return await loadAccess(chooseContext(await readConfig(configFile), asked), configFile);
}

/** Milliseconds of `--timeout`. */
export function timeoutMsOf(text: string | undefined): number {
  const seconds = text === undefined ? 30 : parseSeconds('--timeout', text);
  if (seconds > 3_600) throw invalidArgument(`--timeout: '${text}' is longer than an hour`);
  return seconds * 1_000;
}
