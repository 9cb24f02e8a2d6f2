import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import type { Expression } from '../../src/nft/expression/expression.ts';
import { nft } from '../../src/nft/nft.ts';
import type { ObjectContent } from '../../src/nft/object/object.ts';
import { nftTransaction } from '../../src/nft/transaction.ts';
import { NETLINK_NETFILTER } from '../../src/uapi/netlink.ts';
import { NFT_REG_1 } from '../../src/uapi/nf-tables.ts';
import { NFT_CMP_EQ, NFT_TUNNEL_ID, NFT_TUNNEL_MODE_TX, NFT_TUNNEL_PATH } from '../../src/uapi/nf-tables-expr.ts';
import { NFT_OBJECT_TUNNEL } from '../../src/uapi/nf-tables-object.ts';
import { type TestNamespace, testNamespace } from '../kernel/namespace.ts';

// What comes out of `va` gets a tunnel object's header, leaves by a link of external mode over `vb`, and is looked at
// where it arrives.
let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  ns = await testNamespace('nfttunp');
  connection = await openConnection({ protocol: NETLINK_NETFILTER, netns: ns.path });
  for (const command of [
    'link add va up type veth peer name pa',
    'link add vb up type veth peer name pb',
    'link set pa up',
    'link set pb up',
    // The kernel would choose the first of each two addresses by itself.
    'address add 10.0.0.9/24 dev vb',
    'address add 10.0.0.1/24 dev vb',
    'address add 2001:db8::1/64 dev vb nodad',
    'address add 2001:db8::9/64 dev vb nodad',
    'neighbour add 10.0.0.2 lladdr 02:00:00:00:00:02 dev vb',
    'neighbour add 2001:db8::2 lladdr 02:00:00:00:00:02 dev vb',
    'address add 192.0.2.1/24 dev va',
    'neighbour add 192.0.2.2 lladdr 02:00:00:00:00:03 dev va',
  ])
    ns.run('ip', ...command.split(' '));
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});
afterEach(() => {
  ns.run('ip', 'link', 'delete', 'x');
  ns.run('nft', 'flush', 'ruleset');
});

type Tunnel = (ObjectContent & { readonly kind: 'tunnel' })['data'];

const table = { family: 'netdev', table: 't' } as const;
const base = { type: 'filter', hook: 'ingress', priority: 0, policy: 'accept', devices: ['pa'] } as const;

function equals(key: number, value: Uint8Array): readonly Expression[] {
  return [
    { name: 'tunnel', data: { key, destination: NFT_REG_1, mode: NFT_TUNNEL_MODE_TX } },
    { name: 'cmp', data: { source: NFT_REG_1, operator: NFT_CMP_EQ, data: { value } } },
  ];
}

/** As the machine has it. */
function u32Bytes(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

async function sendThrough(link: string, data: Tunnel & { readonly id: number }): Promise<void> {
  const index = Number(ns.run('cat', `/sys/class/net/${link}/ifindex`));
  const expressions: readonly Expression[] = [
    ...equals(NFT_TUNNEL_PATH, Uint8Array.of(0)),
    { name: 'objref', data: { type: NFT_OBJECT_TUNNEL, object: 'o' } },
    ...equals(NFT_TUNNEL_PATH, Uint8Array.of(1)),
    ...equals(NFT_TUNNEL_ID, u32Bytes(data.id)),
    { name: 'immediate', data: { destination: NFT_REG_1, data: { value: u32Bytes(index) } } },
    { name: 'fwd', data: { device: NFT_REG_1 } },
  ];
  const requests = [
    nft.tables.create({ family: 'netdev', name: 't' }),
    nft.objects.create({ ...table, kind: 'tunnel', name: 'o', data }),
    nft.chains.create({ ...table, name: 'c', base }),
    nft.rules.append({ ...table, chain: 'c', expressions }),
  ];
  expect(await nftTransaction(connection, requests)).toMatchObject({ status: 'ok' });
  ns.run('bash', '-c', 'echo -n x > /dev/udp/192.0.2.2/9');
}

const ip = { source: '10.0.0.1', destination: '10.0.0.2' };
const ip6 = { source: '2001:db8::1', destination: '2001:db8::2', flowLabel: 0x1_2345 };
const geneve = [
  { class: 0x102, type: 0x81, data: Uint8Array.of(1, 2, 3, 4) },
  { class: 0x103, type: 0x82, data: Uint8Array.of(5, 6, 7, 8) },
];
// A tos of 8 is dscp 2. The offsets after @th are bits after the start of the UDP or GRE header.
const outer = 'ip saddr 10.0.0.1 ip daddr 10.0.0.2 ip dscp 2 ip ttl 7 ip frag-off & 0x4000 == 0x4000';
const common = { id: 0x12_3456, ip, flags: 3, tos: 8, ttl: 7 };

test.each<readonly [string, string, Tunnel & { readonly id: number }, string]>([
  [
    'VXLAN with a group policy',
    'vxlan external gbp dstport 4789',
    { ...common, destinationPort: 4790, options: { vxlan: { gbp: 99 } } },
    `${outer} udp dport 4790 udp checksum 0 @th,96,24 0x123456 @th,80,16 99`,
  ],
  [
    'VXLAN over IPv6',
    'vxlan external dstport 4789',
    { id: 0x12_3456, ip6, tos: 8, ttl: 7, destinationPort: 4790 },
    'ip6 saddr 2001:db8::1 ip6 daddr 2001:db8::2 ip6 flowlabel 0x12345 ip6 hoplimit 7 ip6 dscp 2 ' +
      'udp dport 4790 udp checksum != 0 @th,96,24 0x123456',
  ],
  [
    'Geneve with two options',
    'geneve external',
    { ...common, options: { geneve } },
    `${outer} udp dport 6081 @th,64,8 4 @th,96,24 0x123456 @th,128,64 0x0102810101020304 @th,192,64 0x0103820105060708`,
  ],
  [
    'ERSPAN 1',
    'erspan external',
    { ...common, id: 0x156, options: { erspan: { version: 1, index: 258 } } },
    `${outer} ip protocol gre @th,16,16 0x88be @th,64,4 1 @th,86,10 0x156 @th,108,20 258`,
  ],
  [
    'ERSPAN 2',
    'erspan external',
    { ...common, id: 0x156, options: { erspan: { version: 2, hardwareId: 17, direction: 1 } } },
    `${outer} ip protocol gre @th,16,16 0x22eb @th,64,4 2 @th,86,10 0x156 @th,150,6 17 @th,156,1 1`,
  ],
])('a packet goes out as %s, with the header that the object says', async (_title, kind, data, rule) => {
  ns.run('ip', ...`link add x up type ${kind}`.split(' '));
  ns.run('nft', 'add table netdev w; add chain netdev w c { type filter hook ingress device pb priority 0; }');
  ns.run('nft', `add rule netdev w c ${rule} counter`);
  await sendThrough('x', data);
  const listed = (): string => ns.run('nft', 'list', 'table', 'netdev', 'w');
  await expect.poll(listed, { timeout: 10_000 }).toMatch(/counter packets [1-9]/);
});
