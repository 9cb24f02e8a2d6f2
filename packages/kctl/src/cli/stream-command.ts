import type { Params, StreamMethodName } from '@kcore/contract';
import { Option } from 'clipanion';
import { type OpenCall, openCall } from '../connection/stream.ts';
import { KctlCommand } from './command.ts';
import { accessOf, contextOption, timeoutMsOf } from './reach.ts';

/** A command whose result are bytes as they come. */
export abstract class StreamCommand extends KctlCommand {
  contextName = contextOption();
  timeout = Option.String('--timeout', { description: '<TIME> how long to wait for the controller (30s)' });

  /** Resolves when the other side has answered: from then on there are bytes. */
  protected async open<M extends StreamMethodName>(
    method: M,
    params: Omit<Params<M>, 'stream'>,
  ): Promise<{ readonly call: OpenCall<M>; readonly answer: Awaited<OpenCall<M>['result']> }> {
    const ms = timeoutMsOf(this.timeout);
    const access = await accessOf(this.context, this.contextName);
    const call = await openCall(this.context.connect, { access, method, params, connectMs: ms, answerMs: ms });
    try {
      return { call, answer: await call.result };
    } catch (error) {
      call[Symbol.dispose]();
      throw error;
    }
  }
}
