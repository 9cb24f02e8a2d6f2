import { inputOf } from '../codec/codec.ts';
import { type RawMessage, splitMessages } from '../message/message.ts';

/** One message on its way, for debugging. `operation` is that of the request in hand. */
export interface Trace {
  readonly direction: 'sent' | 'received';
  readonly operation: string;
  readonly message: RawMessage;
  /** The whole message, header included. */
  readonly bytes: Uint8Array;
}

/** Calls the hook for each message in `bytes`; what is no message is the receiver's business. */
export function traceMessages(
  hook: (trace: Trace) => void,
  direction: Trace['direction'],
  operation: string,
  bytes: Uint8Array,
): void {
  for (const message of splitMessages(inputOf(bytes))) {
    hook({ direction, operation, message, bytes: bytes.subarray(message.start - 16, message.end) });
  }
}
