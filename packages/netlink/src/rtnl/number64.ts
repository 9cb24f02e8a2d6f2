import { ValueError } from '../codec/error.ts';
import { u64 } from '../codec/scalar.ts';
import { mapped } from './mapped.ts';

/** 64 bits that count milliseconds or bytes per second: far below 2^53, so a number holds them exactly. */
export const number64 = mapped(
  u64,
  (value: number) => {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new ValueError(`${String(value)} is not an integer from 0 to 2^53-1`);
    return BigInt(value);
  },
  (wire) => Number(wire),
);
