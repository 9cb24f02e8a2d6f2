import type { Writer } from '../../codec/writer.ts';
import { type DataType, dataType, invalid } from './type.ts';

interface NumberType {
  readonly id: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly byteOrder: 'big' | 'host';
  /** For errors: `a port`. */
  readonly of: string;
  readonly example: string;
  readonly names?: Readonly<Record<string, number>>;
  /** Numbers without a name are written so, with leading zeros. */
  readonly hexadecimal?: boolean;
}

/**
 * A number, or the name of one. A value has one text: its name where it has one, so that a value read back is the text
 * that was written.
 */
export function numberType(type: NumberType): DataType {
  const { id, size, byteOrder, of, example } = type;
  const names = new Map(Object.entries(type.names ?? {}));
  const byNumber = new Map([...names].map(([name, number]) => [number, name]));
  const digits = size * 2;
  const max = 2 ** (8 * size) - 1;
  const plain = (value: number): string =>
    type.hexadecimal === true ? `0x${value.toString(16).padStart(digits, '0')}` : String(value);
  const numberOf = (text: string): number => {
    const named = names.get(text);
    if (named !== undefined) return named;
    const value = Number(text);
    const known = Number.isInteger(value) && value >= 0 && value <= max && plain(value) === text;
    if (!known || byNumber.has(value)) throw invalid(text, of, example);
    return value;
  };
  return dataType({
    id,
    size,
    byteOrder,
    ordered: true,
    write: (text, out) => writeNumber(numberOf(text), size, byteOrder === 'host', out),
    format(bytes) {
      const value = readNumber(bytes, size, byteOrder === 'host');
      return byNumber.get(value) ?? plain(value);
    },
  });
}

function writeNumber(value: number, size: NumberType['size'], little: boolean, out: Writer): void {
  const { view, offset } = out;
  if (size === 1) view.setUint8(offset, value);
  else if (size === 2) view.setUint16(offset, value, little);
  else if (size === 4) view.setUint32(offset, value, little);
  else view.setBigUint64(offset, BigInt(value), little);
  out.offset = offset + size;
}

function readNumber(bytes: Uint8Array, size: NumberType['size'], little: boolean): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 1) return view.getUint8(0);
  if (size === 2) return view.getUint16(0, little);
  if (size === 4) return view.getUint32(0, little);
  return Number(view.getBigUint64(0, little));
}
