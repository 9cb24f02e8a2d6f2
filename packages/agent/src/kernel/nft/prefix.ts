import type { Field } from './field.ts';

/** `10.0.0.0/20` in its parts. */
export interface AddressPrefix {
  readonly address: Uint8Array;
  readonly length: number;
}

/** Undefined for a text without a length. @throws {RangeError} Bits beyond the length, or a length that is none. */
export function parsePrefix(field: Field, text: string): AddressPrefix | undefined {
  const [base = '', bits] = text.split('/');
  if (field.prefix !== true || bits === undefined) return undefined;
  const address = field.type.parse(base);
  const length = /^(0|[1-9]\d?)$/.test(bits) ? Number(bits) : address.length * 8;
  if (length >= address.length * 8)
    throw new RangeError(`'${text}' is not a prefix of 0 to ${address.length * 8 - 1} bits; one address has no length`);
  const mask = prefixMask(length, address.length);
  if (address.some((byte, index) => (byte & ~(mask[index] ?? 0)) !== 0))
    throw new RangeError(`'${text}' has bits beyond its prefix`);
  return { address, length };
}

export function formatPrefix(field: Field, { address, length }: AddressPrefix): string {
  const whole = new Uint8Array(field.length);
  whole.set(address);
  return `${field.type.format(whole)}/${length}`;
}

/** Whole bytes: the comparison is of as many bytes of the packet, without a mask. */
export function isWholeBytes({ length }: AddressPrefix): boolean {
  return length > 0 && length % 8 === 0;
}

export function prefixMask(length: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => {
    const bits = Math.min(8, Math.max(0, length - index * 8));
    return (0xff << (8 - bits)) & 0xff;
  });
}

/** The length of a mask whose bits are one run from the left, else undefined. */
export function lengthOfMask(mask: Uint8Array): number | undefined {
  const bits = Array.from(mask, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const length = bits.indexOf('0') === -1 ? bits.length : bits.indexOf('0');
  return bits.slice(length).includes('1') ? undefined : length;
}
