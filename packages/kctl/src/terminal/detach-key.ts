import { invalidArgument } from '@kcore/contract';

/** The key that ends a console on this side, as the byte that a terminal sends for it. */
export interface DetachKey {
  /** Absent: there is none. */
  readonly byte?: number;
  /** For people: `Ctrl-]`. */
  readonly name: string;
}

/** `ctrl-]`, `ctrl-a`, `^a`, or `none`. @throws {KcoreError} InvalidArgument */
export function parseDetachKey(flag: string, text: string): DetachKey {
  if (text === 'none') return { name: 'none' };
  const [, letter] = /^(?:ctrl-|\^)([a-z@[\\\]^_])$/i.exec(text) ?? [];
  if (letter === undefined) {
    throw invalidArgument(`${flag}: '${text}' is not a key (for example ctrl-], ctrl-a or none)`, { field: flag });
  }
  const upper = letter.toUpperCase();
  // The control characters are the letters of their row of ASCII without the upper bits: Ctrl-] is 0x1d.
  return { byte: upper.charCodeAt(0) & 0x1f, name: `Ctrl-${upper}` };
}
