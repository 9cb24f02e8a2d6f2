import type { Codec } from './codec.ts';
import { ValueError } from './error.ts';
import { integer } from './integer.ts';

export type BitNames = Readonly<Record<string, number>>;

/** Set bits by name; bits that are not set are absent. `rest` has those without a name, and is absent when there are none. */
export type BitValues<N extends BitNames> = { readonly [K in keyof N]?: boolean } & { readonly rest?: number };

/** No value that anybody gives. */
const NONE: object = Object.freeze({});

/** Combinations of flags that are remembered; a table has far fewer in practice. */
const REMEMBERED = 256;

/**
 * A number of flags ↔ an object of booleans: `bits(u32, { up: IFF_UP })` ↔ `{ up: true }`. What is read is frozen,
 * because equal flags are read as one and the same object: a dump has thousands of them and few that differ.
 */
export function bits<const N extends BitNames>(base: Codec<number>, names: N): Codec<BitValues<N>> {
  const read = new Map<number, BitValues<N>>();
  const remember = (number: number): BitValues<N> => {
    const value: Record<string, boolean | number> = {};
    let rest = number;
    for (const [name, bit] of Object.entries(names)) {
      if ((number & bit) !== 0) value[name] = true;
      rest &= ~bit;
    }
    if (rest !== 0) value['rest'] = rest >>> 0;
    if (read.size === REMEMBERED) read.clear();
    const frozen = Object.freeze(value) as BitValues<N>;
    read.set(number, frozen);
    return frozen;
  };
  // The constant that a bulk gives again and again is only looked at once; a frozen one cannot have changed meanwhile.
  let constant: object = NONE;
  let ofConstant = 0;
  const numbered = (value: object): number => {
    if (value === constant) return ofConstant;
    const number = numberOf(names, value);
    if (Object.isFrozen(value)) {
      constant = value;
      ofConstant = number;
    }
    return number;
  };
  return {
    ...(base.fixed === undefined ? {} : { fixed: base.fixed }),
    measure: (value) => base.measure(numbered(value)),
    write: (value, out) => base.write(numbered(value), out),
    read(input, start, end) {
      const number = base.read(input, start, end);
      return read.get(number) ?? remember(number);
    },
  };
}

function numberOf(names: BitNames, value: object): number {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ValueError(noFlags(value));
  let number = 0;
  for (const name in value) {
    const set = (value as Readonly<Record<string, unknown>>)[name];
    if (name === 'rest') number |= integer('rest', set, 0, 0xffff_ffff);
    else if (typeof set !== 'boolean') throw new ValueError(`${String(set)} is not a boolean`, name);
    else if (set) number |= bitNamed(names, name);
    else bitNamed(names, name);
  }
  return number >>> 0;
}

/** A number would have no members, and so be written as no flag at all. */
function noFlags(value: unknown): string {
  return `${String(value)} is not an object of flags, such as { up: true }; a number of bits goes by { rest }`;
}

function bitNamed(names: BitNames, name: string): number {
  const bit = Object.hasOwn(names, name) ? names[name] : undefined;
  if (bit === undefined) throw new ValueError(`no such flag; there are ${Object.keys(names).join(', ')}`, name);
  return bit;
}
