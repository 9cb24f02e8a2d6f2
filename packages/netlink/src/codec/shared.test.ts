import { expect, it } from 'vitest';
import { decode, encode } from './codec.ts';
import { u16, u32 } from './scalar.ts';
import { shared } from './shared.ts';
import { struct } from './struct.ts';

const plain = struct({ a: u32, b: u16 });
const codec = shared(plain);
const of = (a: number, b: number): Uint8Array => encode(plain, { a, b });

it('reads equal bytes as one frozen object, and others as what they are', () => {
  const first = decode(codec, of(1, 2));
  expect(first).toEqual({ a: 1, b: 2 });
  expect(decode(codec, of(1, 2))).toBe(first);
  expect(Object.isFrozen(first)).toBe(true);
  for (const [a, b] of [
    [2, 2],
    [1, 3],
    [1, 2],
  ] as const)
    expect(decode(codec, of(a, b))).toEqual({ a, b });
  // A kernel that tells less.
  expect(decode(codec, of(1, 2).subarray(0, 4))).toEqual({ a: 1, b: 0 });
});

it('keeps its own copy of the bytes, which their owner may write over', () => {
  const bytes = of(5, 6);
  const first = decode(codec, bytes);
  bytes[0] = 7;
  expect(decode(codec, bytes)).toEqual({ a: 7, b: 6 });
  expect(first).toEqual({ a: 5, b: 6 });
});

it('writes as the codec that it wraps', () => {
  expect(encode(codec, { a: 1, b: 2 })).toEqual(of(1, 2));
});
