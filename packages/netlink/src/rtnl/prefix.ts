import { ValueError } from '../codec/error.ts';
import { AF_INET, AF_INET6 } from '../uapi/socket.ts';

/** `10.0.0.0/24` in its parts. */
export interface Prefix {
  readonly family: number;
  readonly address: string;
  readonly length: number;
}

export function familyOf(address: string): number {
  return address.includes(':') ? AF_INET6 : AF_INET;
}

/** @throws {ValueError} Not `<address>/<length>`. The address itself is checked when it is encoded. */
export function parsePrefix(text: string): Prefix {
  const match = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(text);
  const [, address = '', length = ''] = match ?? [];
  const family = familyOf(address);
  if (match === null || Number(length) > bitsOf(family))
    throw new ValueError(`'${text}' is not a prefix (for example 10.0.0.0/24)`);
  return { family, address, length: Number(length) };
}

/** The text of a prefix; an address that is absent is all zeros, as in a default route. */
export function formatPrefix(prefix: {
  readonly family: number;
  readonly address: string | undefined;
  readonly length: number;
}): string {
  return `${prefix.address ?? (prefix.family === AF_INET6 ? '::' : '0.0.0.0')}/${prefix.length}`;
}

function bitsOf(family: number): number {
  return family === AF_INET6 ? 128 : 32;
}
