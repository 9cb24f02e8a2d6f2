import type { Codec } from '../codec/codec.ts';
import type { Writer } from '../codec/writer.ts';
import { type RawMessage, readBody } from './message.ts';

/** A plain value that a pure function made; a connection executes it. */
export interface Request<T> {
  /** For errors: `create link vxlan14416`. */
  readonly operation: string;
  /** nlmsg_type. */
  readonly type: number;
  /** nlmsg_flags without NLM_F_REQUEST and NLM_F_ACK, which `request` and `batch` add; `transaction` adds nothing. */
  readonly flags: number;
  /** Length of the payload behind nlmsghdr. @throws {ValueError} */
  measure(): number;
  /** Writes the payload. It may be called again, to find the attribute that a failure points at. @throws {ValueError} */
  encode(out: Writer): void;
  /** Makes the result from the messages that came before the acknowledgement: an echo, or what a GET asked for. */
  readonly reply?: (messages: readonly RawMessage[]) => T;
}

/** A request that is answered by a list, ended by NLMSG_DONE. */
export interface DumpRequest<T> {
  readonly operation: string;
  readonly type: number;
  /** NLM_F_REQUEST and NLM_F_DUMP are added. */
  readonly flags: number;
  measure(): number;
  encode(out: Writer): void;
  /** One item, or undefined for a message that is none (the kernel's filters are hints; each is applied again here). */
  decode(message: RawMessage): T | undefined;
}

interface Parts<B> {
  readonly operation: string;
  readonly type: number;
  readonly flags?: number;
  readonly codec: Codec<B>;
  readonly value: B;
}

/** A request whose payload is `value`, written by `codec`. The result is nothing but success. */
export function requestOf<B>(parts: Parts<B>): Request<void> {
  return encodable(parts);
}

/** A request that is answered by messages: `reply` makes the result of them. */
export function queryOf<B, T>(
  parts: Parts<B> & { readonly reply: (messages: readonly RawMessage[]) => T },
): Request<T> {
  return { ...encodable(parts), reply: parts.reply };
}

/** A dump whose request payload is `value`; `item` decodes each message with `itemCodec`. */
export function dumpOf<B, I, T>(
  parts: Parts<B> & { readonly itemCodec: Codec<I>; readonly item: (body: I, message: RawMessage) => T | undefined },
): DumpRequest<T> {
  return {
    ...encodable(parts),
    decode: (message) => parts.item(readBody(parts.itemCodec, message), message),
  };
}

function encodable<B>({ operation, type, flags, codec, value }: Parts<B>): Request<void> {
  return {
    operation,
    type,
    flags: flags ?? 0,
    measure: () => codec.measure(value),
    encode: (out) => codec.write(value, out),
  };
}
