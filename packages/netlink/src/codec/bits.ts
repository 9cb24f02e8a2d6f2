import type { Codec } from './codec.ts';
import { ValueError } from './error.ts';

export type BitNames = Readonly<Record<string, number>>;

/** Set bits by name; bits that are not set are absent. `rest` has those without a name, and is absent when there are none. */
export type BitValues<N extends BitNames> = { readonly [K in keyof N]?: boolean } & { readonly rest?: number };

/** A number of flags ↔ an object of booleans: `bits(u32, { up: IFF_UP })` ↔ `{ up: true }`. */
export function bits<const N extends BitNames>(base: Codec<number>, names: N): Codec<BitValues<N>> {
  const entries = Object.entries(names);
  const known = entries.reduce((all, [, bit]) => (all | bit) >>> 0, 0);
  const numberOf = (value: object): number => {
    let number = 0;
    for (const [name, set] of Object.entries(value)) {
      if (name === 'rest') number |= set as number;
      else if (typeof set !== 'boolean') throw new ValueError(`${String(set)} is not a boolean`, name);
      else number |= set ? bitNamed(names, name) : 0;
    }
    return number >>> 0;
  };
  return {
    ...(base.fixed === undefined ? {} : { fixed: base.fixed }),
    measure: (value) => base.measure(numberOf(value)),
    write: (value, out) => base.write(numberOf(value), out),
    read(input, start, end) {
      const number = base.read(input, start, end);
      const value: Record<string, boolean | number> = {};
      for (const [name, bit] of entries) if ((number & bit) !== 0) value[name] = true;
      const rest = (number & ~known) >>> 0;
      if (rest !== 0) value['rest'] = rest;
      return value as BitValues<N>;
    },
  };
}

function bitNamed(names: BitNames, name: string): number {
  const bit = names[name];
  if (bit === undefined) throw new ValueError(`no such flag; there are ${Object.keys(names).join(', ')}`, name);
  return bit;
}
