import { Writer } from '../../codec/writer.ts';
import { type DataTypeName, dataTypes } from './data-type.ts';
import type { DataType } from './type.ts';

/** Bytes of a part in a concatenation: whole registers of 32 bits. */
export function paddedSize(size: number): number {
  return (size + 3) & ~3;
}

/** Bytes of a value: as many as the type's for a single one; each part is padded to registers in a concatenation. */
export function sizeOfTypes(types: readonly DataTypeName[]): number {
  const [only] = types;
  if (types.length === 1 && only !== undefined) return dataTypes[only].size;
  return types.reduce((sum, name) => sum + paddedSize(dataTypes[name].size), 0);
}

/** Writes `sizeOfTypes` bytes. There are as many texts as types. @throws {RangeError} One is not a value of its type. */
export function writeValue(types: readonly DataType[], texts: readonly string[], out: Writer): void {
  const padding = types.length > 1;
  for (let index = 0; index < types.length; index += 1) {
    types[index]?.write(texts[index] ?? '', out);
    if (padding) out.align();
  }
}

/** @throws {RangeError} More or fewer texts than types, or one is not a value of its type. */
export function encodeValue(types: readonly DataTypeName[], texts: readonly string[]): Uint8Array {
  if (types.length !== texts.length)
    throw new RangeError(
      `'${texts.join(' . ')}' has ${texts.length} parts, but the type ${types.join(' . ')} ${types.length}`,
    );
  const out = new Writer(sizeOfTypes(types));
  writeValue(
    types.map((name) => dataTypes[name]),
    texts,
    out,
  );
  return out.bytes;
}

/** The texts of a value, one for each type: what `encodeValue` was given. */
export function decodeValue(types: readonly DataTypeName[], bytes: Uint8Array): readonly string[] {
  const [only] = types;
  if (types.length === 1 && only !== undefined) return [dataTypes[only].format(bytes)];
  let at = 0;
  return types.map((name) => {
    const type = dataTypes[name];
    const text = type.format(bytes.subarray(at, at + type.size));
    at += paddedSize(type.size);
    return text;
  });
}
