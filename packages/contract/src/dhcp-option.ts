import * as v from 'valibot';
import { isIpv4, parseIpv4 } from './ipv4.ts';

/** The forms in which the value of an option can be written; one option has exactly one of them. */
const FORMS = ['hex', 'text', 'addresses', 'u8', 'u16', 'u32'] as const;

function whole(name: string, max: number) {
  const message = `${name} must be a whole number from 0 to ${max}`;
  return v.exactOptional(v.pipe(v.number(), v.integer(message), v.minValue(0, message), v.maxValue(max, message)));
}

/** A DHCP option by its code. */
export const DhcpOption = v.pipe(
  v.strictObject({
    code: v.pipe(
      v.number(),
      v.integer('code must be 1 to 254'),
      v.minValue(1, 'code must be 1 to 254'),
      v.maxValue(254, 'code must be 1 to 254'),
    ),
    hex: v.exactOptional(
      v.pipe(v.string(), v.regex(/^([0-9a-fA-F]{2}){1,255}$/, 'hex must be 1 to 255 bytes in hexadecimal')),
    ),
    text: v.exactOptional(
      v.pipe(
        v.string(),
        v.check((text) => text !== '' && Buffer.byteLength(text) <= 255, 'text must be 1 to 255 bytes'),
      ),
    ),
    addresses: v.exactOptional(
      v.pipe(
        v.array(v.pipe(v.string(), v.check(isIpv4, 'addresses must be IPv4 addresses (for example 10.0.0.1)'))),
        v.minLength(1, 'addresses must name at least one'),
        v.maxLength(63, 'addresses must be at most 63'),
      ),
    ),
    u8: whole('u8', 0xff),
    u16: whole('u16', 0xffff),
    u32: whole('u32', 0xffff_ffff),
  }),
  v.check(
    (option) => FORMS.filter((form) => option[form] !== undefined).length === 1,
    `an option has exactly one of ${FORMS.join(', ')}`,
  ),
);
export type DhcpOption = v.InferOutput<typeof DhcpOption>;

function number(value: number, bytes: number): string {
  return value.toString(16).padStart(2 * bytes, '0');
}

/** The option's value as it is sent, two hexadecimal digits a byte. Numbers and addresses are big-endian. */
export function dhcpOptionHex({ hex, text, addresses, u8, u16, u32 }: DhcpOption): string {
  if (hex !== undefined) return hex.toLowerCase();
  if (text !== undefined) return Buffer.from(text).toString('hex');
  if (addresses !== undefined) return addresses.map((address) => number(parseIpv4(address), 4)).join('');
  if (u8 !== undefined) return number(u8, 1);
  if (u16 !== undefined) return number(u16, 2);
  return number(u32 ?? 0, 4);
}
