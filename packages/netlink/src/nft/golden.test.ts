import { expect, test } from 'vitest';
import { Writer } from '../codec/writer.ts';
import type { Request } from '../message/request.ts';
import { expectBytes } from '../testing/hexdump.ts';
import { nft } from './nft.ts';
import type { SetShape } from './set.ts';

function payload(request: Request<unknown> | undefined): Uint8Array {
  const out = new Writer(request?.measure() ?? 0);
  request?.encode(out);
  return out.bytes;
}

const TABLE = '0a 00 01 00  6b 63 6f 72  65 00 00 00';

// Captured with `nft --debug=mnl` 1.0.6. nft puts attributes in another order here and there, and NFTA_SET_ID counts up.

test('R-05: add chain ip kcore post { type nat hook postrouting priority srcnat; policy accept; }', () => {
  const base = { type: 'nat', policy: 'accept', hook: 'postrouting', priority: 100 } as const;
  expectBytes(
    payload(nft.chains.create({ family: 'ip', table: 'kcore', name: 'post', base })),
    `02 00 00 00  ${TABLE}
     09 00 03 00  70 6f 73 74  00 00 00 00
     08 00 07 00  6e 61 74 00  08 00 05 00  00 00 00 01
     14 00 04 80  08 00 01 00  00 00 00 04  08 00 02 00  00 00 00 64`,
  );
});

const subnets: SetShape = { family: 'ip', table: 'kcore', name: 'subnets', key: ['ipv4_addr'], interval: true };

test('add set ip kcore subnets { type ipv4_addr; flags interval; }', () => {
  expectBytes(
    payload(nft.sets.create(subnets)),
    `02 00 00 00  ${TABLE}
     0c 00 02 00  73 75 62 6e  65 74 73 00  08 00 03 00  00 00 00 04
     08 00 04 00  00 00 00 07  08 00 05 00  00 00 00 04  08 00 0a 00  00 00 00 01
     0a 00 0d 00  00 04 02 00  00 00 00 00`,
  );
});

test('add element ip kcore subnets { 10.0.0.0/24, 10.2.0.0/16 }: an end at 0, then starts and ends', () => {
  const bound = (key: string, end: boolean): string =>
    end
      ? `18 00 01 80  0c 00 01 80  08 00 01 00  ${key}  08 00 03 00  00 00 00 01`
      : `10 00 01 80  0c 00 01 80  08 00 01 00  ${key}`;
  const [message, ...more] = nft.elements.add(subnets, [{ key: ['10.0.0.0/24'] }, { key: ['10.2.0.0/16'] }]);
  expect(more).toEqual([]);
  expectBytes(
    payload(message),
    `02 00 00 00  ${TABLE}
     0c 00 02 00  73 75 62 6e  65 74 73 00  6c 00 03 80
     ${bound('00 00 00 00', true)}
     ${bound('0a 00 00 00', false)}
     ${bound('0a 00 01 00', true)}
     ${bound('0a 02 00 00', false)}
     ${bound('0a 03 00 00', true)}`,
  );
});

test('a verdict map: add element ip kcore vi { "kbr-x" : jump net1 }', () => {
  const map: SetShape = { family: 'ip', table: 'kcore', name: 'vi', key: ['ifname'], data: 'verdict' };
  expectBytes(
    payload(nft.elements.add(map, [{ key: ['kbr-x'], value: ['jump net1'] }])[0]),
    `02 00 00 00  ${TABLE}
     07 00 02 00  76 69 00 00  3c 00 03 80  38 00 01 80
     18 00 01 80  14 00 01 00  6b 62 72 2d  78 00 00 00  00 00 00 00  00 00 00 00
     1c 00 02 80  18 00 02 80  08 00 01 00  ff ff ff fd  09 00 02 00  6e 65 74 31  00 00 00 00`,
  );
});

test('a rule of the payload, a comparison and a verdict', () => {
  expectBytes(
    payload(
      nft.rules.append({
        family: 'ip',
        table: 'kcore',
        chain: 'c',
        expressions: [
          { name: 'payload', data: { destination: 1, base: 1, offset: 12, length: 3 } },
          { name: 'cmp', data: { source: 1, operator: 0, data: { value: Uint8Array.of(10, 0, 0) } } },
          { name: 'immediate', data: { destination: 0, data: { verdict: { code: 1 } } } },
        ],
        comment: 'hello',
      }),
    ),
    `02 00 00 00  ${TABLE}  06 00 02 00  63 00 00 00
     94 00 04 80
     34 00 01 80  0c 00 01 00  70 61 79 6c  6f 61 64 00
     24 00 02 80  08 00 01 00  00 00 00 01  08 00 02 00  00 00 00 01  08 00 03 00  00 00 00 0c  08 00 04 00  00 00 00 03
     2c 00 01 80  08 00 01 00  63 6d 70 00
     20 00 02 80  08 00 01 00  00 00 00 01  08 00 02 00  00 00 00 00  0c 00 03 80  07 00 01 00  0a 00 00 00
     30 00 01 80  0e 00 01 00  69 6d 6d 65  64 69 61 74  65 00 00 00
     1c 00 02 80  08 00 01 00  00 00 00 00  10 00 02 80  0c 00 02 80  08 00 01 00  00 00 00 01
     0c 00 07 00  00 06 68 65  6c 6c 6f 00`,
  );
});
