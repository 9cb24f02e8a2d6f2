import type { Codec } from '../../codec/codec.ts';
import { ValueError } from '../../codec/error.ts';

type Names = Readonly<Record<string, number>>;

/**
 * A number whose values have names: `choice(u8, { active-backup: 1 })` ↔ `'active-backup'`. A value that the table lacks
 * is read as its number, and a number may be written too, so that what a later kernel knows survives.
 */
export function choice<const N extends Names>(base: Codec<number>, names: N): Codec<(keyof N & string) | number> {
  const byNumber = new Map(Object.entries(names).map(([name, number]) => [number, name as keyof N & string]));
  const numberOf = (value: string | number): number => {
    if (typeof value === 'number') return value;
    const number = Object.hasOwn(names, value) ? names[value] : undefined;
    if (number !== undefined) return number;
    throw new ValueError(`${JSON.stringify(value)} is none of ${Object.keys(names).join(', ')}`);
  };
  return {
    ...(base.fixed === undefined ? {} : { fixed: base.fixed }),
    measure: (value) => base.measure(numberOf(value)),
    write: (value, out) => base.write(numberOf(value), out),
    read(input, start, end) {
      const number = base.read(input, start, end);
      return byNumber.get(number) ?? number;
    },
  };
}
