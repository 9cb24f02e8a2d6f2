import { type ChannelClosed, closeCodes } from '../channel.ts';
import { type ErrorDetails, KcoreError } from '../errors.ts';

/** `sent`: whether the other side may have got the call. */
export function lostError(method: string, closed: ChannelClosed, sent: boolean): KcoreError {
  const what = sent ? 'the connection was lost while waiting for the answer' : 'the connection is closed';
  return endedError(`${method}: ${what}`, closed, sent ? { outcome: 'unknown' } : {});
}

/** Bytes that were sent may have been read or not. */
export function streamLostError(closed: ChannelClosed): KcoreError {
  return endedError('the connection was lost', closed, { outcome: 'unknown' });
}

function endedError(what: string, closed: ChannelClosed, details: ErrorDetails): KcoreError {
  const reason = closed.reason === '' ? `code ${closed.code}` : closed.reason;
  const code = closed.code === closeCodes.denied ? 'PermissionDenied' : 'Unavailable';
  return new KcoreError(code, `${what} (${reason})`, { closeCode: closed.code, ...details });
}

/** Particulars of a bug stay on the side that has it: they go to its log, not over the wire. */
export function asKcoreError(error: unknown): KcoreError {
  return error instanceof KcoreError ? error : new KcoreError('Internal', 'internal error; see the log of the server');
}
