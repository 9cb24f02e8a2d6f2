import { expect, test } from 'vitest';
import { conntrack, openConnection } from '../../src/index.ts';
import { NETLINK_NETFILTER } from '../../src/uapi/netlink.ts';
import { testNamespace } from './namespace.ts';

const UDP = 17;

test('R-06: connections are listed by their original direction and ended one by one', async () => {
  await using ns = await testNamespace('ct');
  await using connection = await openConnection({ protocol: NETLINK_NETFILTER, netns: ns.path });
  const insert = (source: string, destination: string, sport: number, dport: number): string =>
    ns.run(
      'conntrack',
      '-I',
      '-p',
      'udp',
      '-s',
      source,
      '-d',
      destination,
      '--sport',
      `${sport}`,
      '--dport',
      `${dport}`,
      '--timeout',
      '100',
    );
  insert('198.51.100.7', '192.0.2.1', 4000, 8080);
  insert('198.51.100.8', '192.0.2.1', 4001, 8080);
  insert('198.51.100.9', '192.0.2.1', 4002, 9090);
  const filter = { protocol: UDP, destination: '192.0.2.1', destinationPort: 8080 };
  const { items } = await connection.dump(conntrack.list(filter));
  expect(items.map(({ original }) => original?.ip?.source).sort()).toEqual(['198.51.100.7', '198.51.100.8']);
  expect(items[0]).toMatchObject({
    original: { protocol: { number: UDP, destinationPort: 8080 } },
    reply: { ip: { source: '192.0.2.1' }, protocol: { sourcePort: 8080 } },
  });
  const outcomes = await connection.batch(items.map(conntrack.delete));
  expect(outcomes.map(({ status }) => status)).toEqual(['ok', 'ok']);
  const left = ns.run('conntrack', '-L', '-p', 'udp');
  expect(left).toContain('dport=9090');
  expect(left).not.toContain('dport=8080');
  const again = await connection.batch(items.map(conntrack.delete));
  expect(again).toMatchObject([{ status: 'failed', error: { code: 'ENOENT' } }, { status: 'failed' }]);
  expect(() => conntrack.delete({})).toThrow('by its original addresses');
});
