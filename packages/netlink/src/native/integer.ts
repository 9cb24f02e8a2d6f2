import { ValueError } from '../codec/error.ts';

/**
 * The number, which is then one that the native side takes as it is: there, and in typed arrays, what does not fit wraps.
 * @throws {ValueError}
 */
export function integer(field: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new ValueError(`${String(value)} is not an integer from ${least} to ${most}`, field);
  }
  return value;
}
