import { isDeepStrictEqual } from 'node:util';
import type { Frame } from './wire-format.ts';

/** A case's finding against the server, in words that can stand in a report. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value)) ?? 'nothing';

/** @throws {Finding} The two differ. */
export function same(what: string, seen: unknown, expected: unknown): void {
  if (isDeepStrictEqual(seen, expected)) return;
  throw new Finding(`${what}: expected ${show(expected)}, saw ${show(seen)}`);
}

/** @throws {Finding} It does not hold. */
export function holds(condition: boolean, otherwise: string): void {
  if (!condition) throw new Finding(otherwise);
}

/** @throws {Finding} There is none. */
export function some<T>(value: T | undefined, otherwise: string): T {
  if (value === undefined) throw new Finding(otherwise);
  return value;
}

/** A reply in a few words: `ack 10.78.0.100`, `nak`, `silence`. */
export function reply(frame: Frame | undefined): string {
  if (frame === undefined) return 'silence';
  const { type, yiaddr } = frame.message;
  return type === 'nak' ? 'nak' : `${type} ${yiaddr}`;
}

/** Where a reply went, on both layers. */
export function delivery(frame: Frame): string {
  return `${frame.destination} at ${frame.destinationMac}`;
}
