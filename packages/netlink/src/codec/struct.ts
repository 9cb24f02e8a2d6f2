import { type Codec, type Infer, type Input, inputOf } from './codec.ts';
import { named, ValueError } from './error.ts';
import { type Maker, plainObjects } from './plain-object.ts';

type Fields = Readonly<Record<string, Codec<unknown>>>;

export type StructValue<F extends Fields> = {
  readonly [K in keyof F as F[K] extends Padding ? never : K]: Infer<F[K]>;
};

/** A C struct: fields of fixed sizes one behind the other. Padding is a field too, by `pad`. */
export interface Struct<F extends Fields> extends Codec<StructValue<F>> {
  readonly fixed: number;
  /** All fields, those not given as if their bytes were zero: what C's initializer does with a header. */
  fill(value: Partial<StructValue<F>>): StructValue<F>;
}

/** Bytes that the ABI leaves unused. */
export interface Padding extends Codec<undefined> {
  readonly padding: true;
}

export function pad(length: number): Padding {
  return {
    padding: true,
    fixed: length,
    measure: () => length,
    write(_value, out) {
      out.offset += length;
    },
    read: () => undefined,
  };
}

/**
 * Kernels grow structs at their end: a shorter one is read as if zeros followed, a longer one's tail is ignored.
 * Fields must be given all when writing; see `fill`.
 */
export function struct<const F extends Fields>(fields: F): Struct<F> {
  const size = sizeOf(fields);
  // When they are first used, as those of `attributes`.
  let madeLayout: Layout | undefined;
  const layout = (): Layout => {
    madeLayout ??= layoutOf(fields);
    return madeLayout;
  };
  let zeros: StructValue<F> | undefined;
  const read = (input: Input, start: number): StructValue<F> => {
    const { fields: inOrder, empty: Empty } = layout();
    const value = new Empty();
    for (const { name, codec, at, length, padding } of inOrder) {
      if (!padding) value[name] = codec.read(input, start + at, start + at + length);
    }
    return value as StructValue<F>;
  };
  return {
    fixed: size,
    fill(value) {
      zeros ??= read(inputOf(new Uint8Array(size)), 0);
      return { ...zeros, ...value };
    },
    measure: () => size,
    write(value, out) {
      const { names, fields: inOrder } = layout();
      refuseUnknown(names, value);
      let field = '';
      try {
        for (const { name, codec } of inOrder) {
          field = name;
          codec.write((value as Readonly<Record<string, unknown>>)[name], out);
        }
      } catch (error) {
        throw named(field, error);
      }
    },
    read(input, start, end) {
      if (end - start >= size) return read(input, start);
      const whole = new Uint8Array(size);
      whole.set(input.bytes.subarray(start, end));
      return read(inputOf(whole), 0);
    },
  };
}

interface StructField {
  readonly name: string;
  readonly codec: Codec<unknown>;
  readonly at: number;
  readonly length: number;
  readonly padding: boolean;
}

interface Layout {
  readonly fields: readonly StructField[];
  readonly names: ReadonlySet<string>;
  readonly empty: Maker;
}

function sizeOf(fields: Fields): number {
  let size = 0;
  for (const name in fields) {
    const length = fields[name]?.fixed;
    if (length === undefined) throw new TypeError(`struct field ${name} has no fixed size`);
    size += length;
  }
  return size;
}

function layoutOf(fields: Fields): Layout {
  let at = 0;
  const inOrder = Object.entries(fields).map(([name, codec]) => {
    const length = codec.fixed ?? 0;
    const field = { name, codec, at, length, padding: (codec as Partial<Padding>).padding === true };
    at += length;
    return field;
  });
  return { fields: inOrder, names: new Set(Object.keys(fields)), empty: plainObjects() };
}

function refuseUnknown(names: ReadonlySet<string>, value: object): void {
  if (typeof value !== 'object' || value === null) throw new ValueError(`${String(value)} is not an object`);
  for (const name in value) {
    if (!names.has(name)) throw new ValueError(`no such field; there are ${[...names].join(', ')}`, name);
  }
}
