import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../codec/codec.ts';
import { Writer } from '../../codec/writer.ts';
import type { Request } from '../../message/request.ts';
import { expectBytes } from '../../testing/hexdump.ts';
import { addressFamilies } from './address-family.ts';
import { linkBody } from './attributes.ts';
import { kinds, slaveKinds } from './kinds.ts';
import { links } from './requests.ts';

function payload(request: Request<unknown>): Uint8Array {
  const out = new Writer(request.measure());
  request.encode(out);
  return out.bytes;
}

const HEADER = '00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00';

// Captured with `strace -e write` of iproute2 6.1.0, header and payload of nlmsghdr left out. Two things differ: nested
// attributes carry NLA_F_NESTED (80), and IFLA_INFO_KIND ends with a NUL.
describe('golden bytes of iproute2', () => {
  test('R-35: ip link add link #2 name eth0.100 type vlan id 100', () => {
    expectBytes(
      payload(links.create({ parent: 2, name: 'eth0.100', kind: 'vlan', data: { id: 100 } })),
      `${HEADER}
       08 00 05 00  02 00 00 00  0d 00 03 00  65 74 68 30
       2e 31 30 30  00 00 00 00  1c 00 12 80  09 00 01 00
       76 6c 61 6e  00 00 00 00  0c 00 02 80  06 00 01 00
       64 00 00 00`,
    );
  });

  test('ip link add dm0 type dummy', () => {
    expectBytes(
      payload(links.create({ name: 'dm0', kind: 'dummy' })),
      `${HEADER}
       08 00 03 00  64 6d 30 00  10 00 12 80  0a 00 01 00
       64 75 6d 6d  79 00 00 00`,
    );
  });

  test('R-19: ip link add vxlan7 address … type vxlan id 7 local 192.0.2.1 nolearning dstport 4789', () => {
    expectBytes(
      payload(
        links.create({
          mac: '02:6d:00:00:00:01',
          name: 'vxlan7',
          kind: 'vxlan',
          data: { vni: 7, local: '192.0.2.1', learning: false, port: 4789 },
        }),
      ),
      `${HEADER}
       0a 00 01 00  02 6d 00 00  00 01 00 00  0b 00 03 00
       76 78 6c 61  6e 37 00 00  34 00 12 80  0a 00 01 00
       76 78 6c 61  6e 00 00 00  24 00 02 80  08 00 01 00
       07 00 00 00  08 00 04 00  c0 00 02 01  05 00 07 00
       00 00 00 00  06 00 0f 00  12 b5 00 00`,
    );
  });
});

test('R-35: a VLAN as a full kernel tells it (IFLA_INFO_DATA of ip -d link)', () => {
  const bytes = Buffer.from('060001006400000006000500810000000c0002000100000001000000', 'hex');
  expect(decode(kinds.vlan, bytes)).toEqual({
    id: 100,
    protocol: 0x8100,
    flags: { flags: { reorderHeader: true }, mask: { reorderHeader: true } },
  });
});

test('a veth’s peer is a message in itself', () => {
  expectBytes(
    payload(links.create({ name: 'a', kind: 'veth', data: { peer: { name: 'b', netnsFd: 9 } } })),
    `${HEADER}
     06 00 03 00  61 00 00 00  38 00 12 80  09 00 01 00
     76 65 74 68  00 00 00 00  28 00 02 80  24 00 01 00
     ${HEADER}
     06 00 03 00  62 00 00 00  08 00 1c 00  09 00 00 00`,
  );
});

test('a request changes the flags that it mentions and no others', () => {
  const { header } = decode(linkBody, payload(links.change({ index: 7 }, { flags: { up: false, promiscuous: true } })));
  expect(header).toMatchObject({ index: 7, flags: { promiscuous: true }, change: { up: true, promiscuous: true } });
  expect(decode(linkBody, payload(links.change({ index: 7 }, { mtu: 1400 }))).header).toMatchObject({
    flags: {},
    change: {},
  });
});

describe('settings of a link by address family', () => {
  test('are written one by one and read as an array', () => {
    expectBytes(
      encode(addressFamilies, { ipv4: { conf: { forwarding: 1 } }, ipv6: { addressGeneration: 1 } }),
      `10 00 02 80  0c 00 01 80  08 00 01 00  01 00 00 00
       0c 00 0a 80  05 00 08 00  01 00 00 00`,
    );
    const told = Buffer.from('10000200' + '0c000100' + '01000000' + '00000000', 'hex');
    expect(decode(addressFamilies, told)).toEqual({ ipv4: { conf: { forwarding: 1, mcForwarding: 0 } } });
  });

  test('an unknown one is refused by name', () => {
    const conf = { forwading: 1 } as object;
    expect(() => encode(addressFamilies, { ipv4: { conf } })).toThrow('ipv4.conf.forwading: no such setting');
  });
});

describe('every kind is read as it was written', () => {
  const values = {
    bridge: {
      forwardDelay: 400,
      stpState: 0,
      ageingTime: 30_000,
      vlanFiltering: false,
      multicastSnooping: false,
      groupAddress: '01:80:c2:00:00:00',
    },
    vxlan: {
      vni: 0xff_ffff,
      local: '192.0.2.1',
      group6: 'ff05::1',
      portRange: { low: 1, high: 65_535 },
      learning: true,
      groupPolicy: true,
      label: 5,
    },
    tun: { owner: 0, type: 2, vnetHeader: true, multiQueue: false },
    vlan: { id: 4094, protocol: 0x88a8 },
    dummy: {},
  } as const;
  test.each(Object.entries(values))('%s', (kind, value) => {
    const codec = kinds[kind as keyof typeof values];
    expect(decode(codec as typeof kinds.bridge, encode(codec as typeof kinds.bridge, value as never))).toEqual(value);
  });
  test('a bridge port', () => {
    const value = { learning: false, neighSuppress: true, hairpin: true, isolated: false, priority: 32 };
    expect(decode(slaveKinds.bridge, encode(slaveKinds.bridge, value))).toEqual(value);
  });
});
