import type { ByteStream, Params, Result } from '@kcore/contract';
import type { Logger } from 'pino';
import type { Sessions } from '../fanout/sessions.ts';
import { type Reader, vmNamed } from '../resources/lookup.ts';
import { relayToNode } from './node-calls.ts';

interface Parts {
  readonly reader: Reader;
  readonly sessions: Sessions;
  readonly log: Logger;
}

/** @throws {KcoreError} NotFound; Unavailable: its node is away; what the node says */
export async function openConsole(
  { reader, sessions, log }: Parts,
  { name }: Params<'vm.console'>,
  stream: ByteStream,
): Promise<Result<'vm.console'>> {
  const { node } = vmNamed(reader, name);
  await relayToNode(sessions, node, stream, { method: 'guest.console', params: { name } });
  log.info({ vm: name, node }, 'console opened');
  void stream.closed.then((error) => log.info({ vm: name, node, reason: error?.message }, 'console closed'));
  return { node };
}

/** @throws {KcoreError} as `openConsole` */
export async function openLogs(
  { reader, sessions }: Parts,
  { name, follow = false, tailLines }: Params<'vm.logs'>,
  stream: ByteStream,
): Promise<Result<'vm.logs'>> {
  const { node } = vmNamed(reader, name);
  const params = { name, follow, ...(tailLines === undefined ? {} : { tailLines }) };
  await relayToNode(sessions, node, stream, { method: 'guest.logs', params });
  return { node };
}
