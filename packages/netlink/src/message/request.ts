import type { Codec, Encoder } from '../codec/codec.ts';
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
  /** A list is no request: it goes to `dump`. */
  readonly decode?: never;
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
  /** A function is only called when the text is needed: bulks have 100,000 of them and print none. */
  readonly operation: string | ((value: B) => string);
  readonly type: number;
  readonly flags?: number;
  readonly codec: Encoder<B>;
  readonly value: B;
}

/** A request whose payload is `value`, written by `codec`. The result is nothing but success. */
export function requestOf<B>(parts: Parts<B>): Request<void> {
  return new PlainRequest(parts);
}

/** A request that is answered by messages: `reply` makes the result of them. */
export function queryOf<B, T>(
  parts: Parts<B> & { readonly reply: (messages: readonly RawMessage[]) => T },
): Request<T> {
  return new QueryRequest(parts);
}

/** A dump whose request payload is `value`; `item` decodes each message with `itemCodec`. */
export function dumpOf<B, I, T>(
  parts: Parts<B> & { readonly itemCodec: Codec<I>; readonly item: (body: I, message: RawMessage) => T | undefined },
): DumpRequest<T> {
  const { itemCodec, item } = parts;
  return new ListRequest(parts, (message) => item(readBody(itemCodec, message), message));
}

/** A dump whose messages `decode` reads by itself. */
export function dumpBy<B, T>(
  parts: Parts<B> & { readonly decode: (message: RawMessage) => T | undefined },
): DumpRequest<T> {
  return new ListRequest(parts, parts.decode);
}

/** The same request with these flags too. A spread would not do: what a request does is not among its own members. */
export function withFlags<T>(request: Request<T>, flags: number): Request<T> {
  return {
    operation: request.operation,
    type: request.type,
    flags: request.flags | flags,
    measure: () => request.measure(),
    encode: (out) => request.encode(out),
    ...(request.reply === undefined ? {} : { reply: request.reply }),
  };
}

/** Members and no closures, and `private` instead of #: bulks make one of these for each entry, ten times as fast so. */
class PlainRequest<B> implements Request<void> {
  readonly type: number;
  readonly flags: number;
  private readonly text: string | ((value: B) => string);
  private readonly codec: Encoder<B>;
  private readonly value: B;

  constructor({ operation, type, flags, codec, value }: Parts<B>) {
    this.text = operation;
    this.type = type;
    this.flags = flags ?? 0;
    this.codec = codec;
    this.value = value;
  }

  get operation(): string {
    return typeof this.text === 'string' ? this.text : this.text(this.value);
  }

  measure(): number {
    return this.codec.measure(this.value);
  }

  encode(out: Writer): void {
    this.codec.write(this.value, out);
  }
}

class QueryRequest<B, T> extends PlainRequest<B> implements Request<T> {
  readonly reply: (messages: readonly RawMessage[]) => T;

  constructor(parts: Parts<B> & { readonly reply: (messages: readonly RawMessage[]) => T }) {
    super(parts);
    this.reply = parts.reply;
  }
}

class ListRequest<B, T> extends PlainRequest<B> implements DumpRequest<T> {
  readonly decode: (message: RawMessage) => T | undefined;

  constructor(parts: Parts<B>, decode: (message: RawMessage) => T | undefined) {
    super(parts);
    this.decode = decode;
  }
}
