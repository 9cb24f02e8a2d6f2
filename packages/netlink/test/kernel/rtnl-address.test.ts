import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Writer } from '../../src/codec/writer.ts';
import {
  type Address,
  AF_INET6,
  addresses,
  anycastAddresses,
  type Connection,
  createLink,
  multicastAddresses,
  NETLINK_ROUTE,
  openConnection,
  RT_SCOPE_HOST,
} from '../../src/index.ts';
import { bothWays, type Links, type Row } from './both-ways.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

let ns: TestNamespace;
let connection: Connection;
let links: Links;

beforeAll(async () => {
  ns = await testNamespace('address');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  const { index } = await createLink(connection, { kind: 'bridge', name: 'br' });
  // Its own link-local address would change while it is looked at.
  ns.run('ip', 'link', 'set', 'dev', 'br', 'addrgenmode', 'none');
  ns.run('ip', 'link', 'set', 'dev', 'br', 'up');
  links = { br: index };
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

const shown = 'ip -j -d address show dev br';
const about = ({ address }: Address): boolean => address.startsWith('10.') || address.startsWith('2001:');
const list: Row['list'] = ({ br = 0 }) => addresses.list({ index: br });
const undo = ['ip addr flush dev br to 10.0.0.0/8', 'ip addr flush dev br to 2001:db8::/32'];

function row(
  title: string,
  spec: Omit<Parameters<typeof addresses.create>[0], 'index'>,
  command: string,
  more: object = {},
): Row {
  return {
    title,
    ours: ({ br = 0 }) => [addresses.create({ ...spec, index: br })],
    theirs: [command],
    undo,
    shown,
    list,
    about,
    expected: ({ br = 0 }) => [{ index: br, address: spec.address, prefix: spec.prefix, ...more }],
  };
}

describe('addresses made by us and by ip(8) are the same', () => {
  bothWays(
    () => ({ ns, connection, links }),
    [
      row('a plain one', { address: '10.0.0.1', prefix: 24 }, 'ip addr add 10.0.0.1/24 dev br', {
        scope: 0,
        flags: { permanent: true },
      }),
      row(
        'broadcast address and label',
        { address: '10.0.0.2', prefix: 28, broadcast: '10.0.0.15', label: 'br:x' },
        'ip addr add 10.0.0.2/28 brd + label br:x dev br',
        { broadcast: '10.0.0.15', label: 'br:x' },
      ),
      row(
        'a peer, host scope',
        { address: '10.1.0.1', prefix: 32, peer: '10.1.0.2', scope: RT_SCOPE_HOST },
        'ip addr add 10.1.0.1 peer 10.1.0.2/32 scope host dev br',
        { peer: '10.1.0.2', scope: 254 },
      ),
      row(
        'no prefix route, a metric',
        { address: '10.2.0.1', prefix: 16, flags: { noPrefixRoute: true }, routePriority: 77 },
        'ip addr add 10.2.0.1/16 noprefixroute metric 77 dev br',
        { flags: { permanent: true, noPrefixRoute: true }, routePriority: 77 },
      ),
      row(
        'lifetimes',
        { address: '10.3.0.1', prefix: 24, lifetimes: { preferred: 1800, valid: 3600 } },
        'ip addr add 10.3.0.1/24 valid_lft 3600 preferred_lft 1800 dev br',
        { cacheInfo: { preferred: expect.closeTo(1800, -2), valid: expect.closeTo(3600, -2) } },
      ),
      row(
        'IPv6: no duplicate detection, home, temporary ones made of it',
        { address: '2001:db8::1', prefix: 64, flags: { noDad: true, home: true, manageTempAddress: true } },
        'ip addr add 2001:db8::1/64 nodad home mngtmpaddr dev br',
        { family: AF_INET6, flags: { noDad: true, home: true, manageTempAddress: true, permanent: true } },
      ),
      row(
        'IPv6: a peer and no prefix route',
        { address: '2001:db8:1::1', prefix: 128, peer: '2001:db8:1::2', flags: { noDad: true, noPrefixRoute: true } },
        'ip addr add 2001:db8:1::1 peer 2001:db8:1::2/128 nodad noprefixroute dev br',
        { peer: '2001:db8:1::2' },
      ),
    ],
  );
});

test('replace sets lifetimes and flags anew; a second create is refused', async () => {
  const spec = { index: links['br'] ?? 0, address: '10.4.0.1', prefix: 24 } as const;
  await connection.request(addresses.create(spec));
  await expect(connection.request(addresses.create(spec))).rejects.toMatchObject({ code: 'EEXIST' });
  await connection.request(addresses.replace({ ...spec, lifetimes: { preferred: 60, valid: 120 }, protocol: 4 }));
  const [told] = (await connection.dump(addresses.list({ index: spec.index, family: 2 }))).items;
  expect(told?.cacheInfo?.valid).toBeGreaterThan(100);
  expect(told?.flags?.permanent).toBeUndefined();
  expect(told?.protocol).toBe(4);
  await connection.request(addresses.delete(spec));
  await expect(connection.request(addresses.delete(spec))).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
});

test('what cannot be meant is refused before it is sent', () => {
  expect(() => addresses.create({ index: 0, address: '10.0.0.1', prefix: 24 })).toThrow('begin at 1');
  const bad = addresses.create({ index: 1, address: '10.0.0.256', prefix: 24 });
  expect(() => bad.encode(new Writer(bad.measure()))).toThrow('is not an IPv4 address');
});

test('multicast groups and anycast addresses, as ip maddress and /proc tell them', async () => {
  ns.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/br/forwarding');
  ns.run('ip', 'addr', 'add', '2001:db8:5::1/64', 'dev', 'br', 'nodad');
  const index = links['br'] ?? 0;
  const joined = (await connection.dump(multicastAddresses.list({ family: AF_INET6, index }))).items;
  const shownGroups = ns
    .json<{ maddr: { family: string; address: string }[] }[]>('ip', '-j', 'maddress', 'show', 'dev', 'br')
    .flatMap(({ maddr }) => maddr)
    .filter(({ family }) => family === 'inet6');
  expect(joined.map(({ address }) => address).sort()).toEqual(shownGroups.map(({ address }) => address).sort());
  const anycast = (await connection.dump(anycastAddresses.list({ family: AF_INET6, index }))).items;
  const proc = ns
    .run('cat', '/proc/net/anycast6')
    .trim()
    .split('\n')
    .filter((line) => line.includes(' br '));
  expect(anycast).toHaveLength(proc.length);
  expect(anycast.map(({ address }) => address)).toContain('2001:db8:5::');
});
