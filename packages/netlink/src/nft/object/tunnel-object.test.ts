import { expect, test } from 'vitest';
import { inputOf } from '../../codec/codec.ts';
import { Writer } from '../../codec/writer.ts';
import { bytesOf, expectBytes } from '../../testing/hexdump.ts';
import { type ObjectSpec, objectBody, objectOf } from './object.ts';
import { objects } from './object-requests.ts';

const OBJECT = '05 00 00 00  06 00 01 00  74 00 00 00';
const TYPE = '08 00 03 00  00 00 00 06';
const ID = '08 00 01 00  00 00 00 01';
const ADDRESSES = '14 00 02 80  08 00 01 00  0a 00 00 01  08 00 02 00  0a 00 00 02';

const ip = { source: '10.0.0.1', destination: '10.0.0.2' };

// Captured with `nft --debug=mnl -c` 1.1.7, which has a syntax for tunnel objects; 1.0.6 has none.
const cases: readonly [text: string, name: string, data: (ObjectSpec & { kind: 'tunnel' })['data'], hex: string][] = [
  [
    'id 0x123456; ip saddr 10.0.0.1; ip daddr 10.0.0.2; sport 1234; dport 4790; ttl 7; tos 8; vxlan { gbp 99 }',
    'v',
    { id: 0x12_3456, ip, sourcePort: 1234, destinationPort: 4790, tos: 8, ttl: 7, options: { vxlan: { gbp: 99 } } },
    `06 00 02 00  76 00 00 00  ${TYPE}
     50 00 04 80  08 00 01 00  00 12 34 56  ${ADDRESSES}
     06 00 07 00  04 d2 00 00  06 00 08 00  12 b6 00 00  05 00 05 00  08 00 00 00  05 00 06 00  07 00 00 00
     10 00 09 80  0c 00 01 80  08 00 01 00  00 00 00 63`,
  ],
  [
    'id 1; ip6 saddr 2001:db8::1; ip6 daddr 2001:db8::2; erspan { version 1; index 258 }',
    'e1',
    {
      id: 1,
      ip6: { source: '2001:db8::1', destination: '2001:db8::2' },
      options: { erspan: { version: 1, index: 258 } },
    },
    `07 00 02 00  65 31 00 00  ${TYPE}
     50 00 04 80  ${ID}
     2c 00 03 80  14 00 01 00  20 01 0d b8  00 00 00 00  00 00 00 00  00 00 00 01
     14 00 02 00  20 01 0d b8  00 00 00 00  00 00 00 00  00 00 00 02
     18 00 09 80  14 00 02 80  08 00 01 00  00 00 00 01  08 00 02 00  00 00 01 02`,
  ],
  [
    'id 1; ip saddr 10.0.0.1; ip daddr 10.0.0.2; erspan { version 2; direction egress; id 17 }',
    'e2',
    { id: 1, ip, options: { erspan: { version: 2, hardwareId: 17, direction: 1 } } },
    `07 00 02 00  65 32 00 00  ${TYPE}
     40 00 04 80  ${ID}  ${ADDRESSES}
     20 00 09 80  1c 00 02 80  08 00 01 00  00 00 00 02  05 00 03 00  11 00 00 00  05 00 04 00  01 00 00 00`,
  ],
  [
    'id 1; ip saddr 10.0.0.1; ip daddr 10.0.0.2; geneve { class 0x102 opt-type 0x81 data "0x01020304"; class 0x103 … }',
    'g',
    {
      id: 1,
      ip,
      options: {
        geneve: [
          { class: 0x102, type: 0x81, data: Uint8Array.of(1, 2, 3, 4) },
          { class: 0x103, type: 0x82, data: Uint8Array.of(5, 6, 7, 8) },
        ],
      },
    },
    `06 00 02 00  67 00 00 00  ${TYPE}
     5c 00 04 80  ${ID}  ${ADDRESSES}
     3c 00 09 80  1c 00 03 80  06 00 01 00  01 02 00 00  05 00 02 00  81 00 00 00  08 00 03 00  01 02 03 04
     1c 00 03 80  06 00 01 00  01 03 00 00  05 00 02 00  82 00 00 00  08 00 03 00  05 06 07 08`,
  ],
];

test.each(cases)('tunnel { %s }', (_text, name, data, hex) => {
  const object = { family: 'netdev', table: 't', name, kind: 'tunnel', data } as const;
  const request = objects.create(object);
  const out = new Writer(request.measure());
  request.encode(out);
  const expected = bytesOf(`${OBJECT}  ${hex}`);
  expectBytes(out.bytes, expected);
  expect(objectOf(objectBody.read(inputOf(expected), 0, expected.byteLength))).toEqual(object);
});
