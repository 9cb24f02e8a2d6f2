import { Writer } from './writer.ts';

/** What decoding reads from: one datagram, with a view that is made once and not for each attribute. */
export interface Input {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export function inputOf(bytes: Uint8Array): Input {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** What writes values of one type. */
export interface Encoder<T> {
  /** Length in bytes. @throws {ValueError} The value does not fit; the path is completed by the attribute tables around. */
  measure(value: T, owner?: object): number;
  /** Writes exactly `measure(value)` bytes at `out.offset` and moves it behind them. @throws {ValueError} */
  write(value: T, out: Writer, owner?: object): void;
}

/**
 * One attribute payload, struct field or message body. A message is measured once and then written into one buffer;
 * nothing in between is allocated.
 *
 * `owner` is the attribute object that the value is a member of. Only `select` looks at it.
 */
export interface Codec<T> extends Encoder<T> {
  /** Length in bytes, where it is the same for each value. */
  readonly fixed?: number;
  /** Bits of nla_type that the attribute carries, such as NLA_F_NESTED. */
  readonly typeFlags?: number;
  /** Reads the payload in [start, end). @throws {MalformedError} */
  read(input: Input, start: number, end: number, owner?: object): T;
}

/** The value type of a codec. Every attribute of a set is optional: absent means that it is not in the message. */
export type Infer<C> = C extends { read(input: Input, start: number, end: number): infer T } ? T : never;

/** The bytes of one value by itself. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const out = new Writer(codec.fixed ?? codec.measure(value));
  codec.write(value, out);
  return out.bytes;
}

/** The value of one payload by itself. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  return codec.read(inputOf(bytes), 0, bytes.byteLength);
}
