import { Writer } from '../../codec/writer.ts';

/**
 * A type of set keys and map data, as nft(8) names and numbers it. The kernel only stores the number; nft needs it to
 * print a set, and we need it to turn an element's bytes back into text.
 */
export interface DataType {
  /** nft's number, which is kept in NFTA_SET_KEY_TYPE. */
  readonly id: number;
  /** Bytes of a value; in a concatenation each is padded to a multiple of 4. */
  readonly size: number;
  /** Whether numbers stand as on the wire or as in the machine. nft is told by user data, or prints them swapped. */
  readonly byteOrder: 'big' | 'host';
  /** Values are numbers, or bytes that compare like one: there can be ranges of them. */
  readonly ordered: boolean;
  /** Ranges that are prefixes are told as such. */
  readonly prefixes?: boolean;
  /** Writes exactly `size` bytes. @throws {RangeError} when the text is not a value of the type. */
  write(text: string, out: Writer): void;
  /** @throws {RangeError} when the text is not a value of the type. */
  parse(text: string): Uint8Array;
  format(bytes: Uint8Array): string;
}

/** Bytes that are too few, as a foreign rule may have them, are read as if zeros followed. */
export function dataType(type: Omit<DataType, 'parse'>): DataType {
  return {
    ...type,
    format(bytes) {
      if (bytes.length >= type.size) return type.format(bytes);
      const whole = new Uint8Array(type.size);
      whole.set(bytes);
      return type.format(whole);
    },
    parse(text) {
      const out = new Writer(type.size);
      type.write(text, out);
      return out.bytes;
    },
  };
}

export function invalid(text: string, type: string, example: string): RangeError {
  return new RangeError(`'${text}' is not ${type} (for example ${example})`);
}
