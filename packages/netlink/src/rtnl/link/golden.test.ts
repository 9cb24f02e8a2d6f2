import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { kindRows } from '../../../test/kind-rows.ts';
import { captureCommand } from '../../../test/link-rows.ts';
import { eachAttribute } from '../../codec/attributes.ts';
import { type Codec, decode, encode, inputOf } from '../../codec/codec.ts';
import { IFLA_BOND_ARP_IP_TARGET } from '../../uapi/if-bonding.ts';
import { IFLA_INFO_DATA } from '../../uapi/if-link.ts';
import { NLA_TYPE_MASK } from '../../uapi/netlink.ts';
import { linkInfo } from './attributes.ts';

/** What ip(8) and a Debian kernel said to each other; made by test/capture/link-kinds.mjs. */
const captured = JSON.parse(
  readFileSync(new URL('../../../test/capture/link-kinds.json', import.meta.url), 'utf8'),
) as { readonly rows: readonly { readonly command: string; readonly sent: string; readonly told: string }[] };

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** The attributes inside IFLA_INFO_DATA, by number, as hexadecimal. */
function dataOf(info: Uint8Array): ReadonlyMap<number, string> {
  const input = inputOf(info);
  const found = new Map<number, string>();
  eachAttribute(input, 0, info.byteLength, (type, start, end) => {
    if ((type & NLA_TYPE_MASK) !== IFLA_INFO_DATA) return;
    eachAttribute(input, start, end, (inner, from, to) => {
      found.set(inner & NLA_TYPE_MASK, Buffer.from(info.subarray(from, to)).toString('hex'));
    });
  });
  return found;
}

describe('what iproute2 and the kernel say of each kind', () => {
  test('is captured for the rows as they are', () => {
    expect(captured.rows.map(({ command }) => command)).toEqual(kindRows.map(captureCommand));
  });

  test.each(kindRows.map((row, n) => [row.kind, row.title ?? 'with its options', row, captured.rows[n]] as const))(
    '%s, %s',
    (_kind, _title, row, golden) => {
      // The kinds' values have types of their own, which a row does not know.
      const codec = linkInfo as unknown as Codec<object>;
      const ours = dataOf(encode(codec, { kind: row.kind, data: row.data }));
      const theirs = dataOf(bytesOf(golden?.sent ?? ''));
      // iproute2 sends defaults too; what we send, it sends with the same bytes.
      for (const [type, hex] of ours) {
        const told = theirs.get(type) ?? 'nothing';
        const lists = row.kind === 'bond' && type === IFLA_BOND_ARP_IP_TARGET;
        expect([type, lists ? unnumbered(told) : told]).toEqual([type, lists ? unnumbered(hex) : hex]);
      }
      const read = decode(codec, bytesOf(golden?.told ?? '')) as { readonly data?: object };
      const values = { ...row.data, ...row.told };
      expect(read).toMatchObject({ kind: row.kind, ...(Object.keys(values).length === 0 ? {} : { data: values }) });
      expect(read.data ?? {}, 'an attribute without a name').not.toHaveProperty('unknown');
      expect(decode(codec, encode(codec, writable(read)))).toEqual(writable(read));
    },
  );
});

/** Elements of four bytes without their headers: iproute2 numbers them from 0, we from 1; the kernel does not look. */
function unnumbered(hex: string): string {
  return hex.replace(/.{8}(.{8})/g, '$1');
}

/** Without the switches that the kernel tells as off and takes only as on. */
function writable(info: { readonly data?: object }): object {
  if (info.data === undefined) return info;
  const { ttlInherit, ...rest } = info.data as { readonly ttlInherit?: boolean };
  return { ...info, data: { ...rest, ...(ttlInherit === true ? { ttlInherit } : {}) } };
}
