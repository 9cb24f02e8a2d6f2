import type { Codec } from '../codec/codec.ts';
import { ValueError } from '../codec/error.ts';

/** A codec whose values have another shape than what is on the wire. `toWire` throws ValueError for what cannot be. */
export function mapped<W, T>(codec: Codec<W>, toWire: (value: T) => W, toValue: (wire: W) => T): Codec<T> {
  return {
    ...(codec.fixed === undefined ? {} : { fixed: codec.fixed }),
    ...(codec.typeFlags === undefined ? {} : { typeFlags: codec.typeFlags }),
    measure: (value) => codec.measure(toWire(value)),
    write: (value, out) => codec.write(toWire(value), out),
    read: (input, start, end) => toValue(codec.read(input, start, end)),
  };
}

export type Names = Readonly<Record<string, number>>;

/** A number by its name; one that has no name stays a number, and is written back as it was. */
export function choice<const N extends Names>(codec: Codec<number>, names: N): Codec<(keyof N & string) | number> {
  const byNumber = new Map(Object.entries(names).map(([name, number]) => [number, name as keyof N & string]));
  const numberOf = (value: (keyof N & string) | number): number => {
    const number = typeof value === 'number' ? value : names[value];
    if (number === undefined) throw new ValueError(`${value} is none of ${Object.keys(names).join(', ')}`);
    return number;
  };
  return mapped(codec, numberOf, (number) => byNumber.get(number) ?? number);
}

/** A list of structs without anything between them: the attribute's length tells how many. A tail too short for one is left out. */
export function packed<T>(element: Codec<T> & { readonly fixed: number }): Codec<readonly T[]> {
  return {
    measure(value) {
      if (!Array.isArray(value)) throw new ValueError(`${String(value)} is not an array`);
      return value.length * element.fixed;
    },
    write(value, out) {
      for (const one of value) element.write(one, out);
    },
    read(input, start, end) {
      const list: T[] = [];
      for (let at = start; at + element.fixed <= end; at += element.fixed) {
        list.push(element.read(input, at, at + element.fixed));
      }
      return list;
    },
  };
}
