import { ValueError } from './error.ts';

/**
 * The number, which then is one of the range: where it is shifted, masked, or put into a typed array, what does not fit would
 * wrap and mean something else. For a field that no codec of its own checks.
 * @throws {ValueError}
 */
export function integer(field: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new ValueError(`${String(value)} is not an integer from ${least} to ${most}`, field);
}
