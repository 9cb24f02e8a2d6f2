import { expect, it } from 'vitest';
import { connectionOver, openConnection } from '../../src/connection/open.ts';
import type { Trace } from '../../src/connection/trace.ts';
import { openTransport } from '../../src/connection/transport.ts';
import { dumpOf } from '../../src/message/request.ts';
import { fdb } from '../../src/rtnl/fdb.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { neighbours } from '../../src/rtnl/neighbour.ts';
import { ndmsg, neighbourBody } from '../../src/rtnl/neighbour-body.ts';
import { NETLINK_ROUTE, NLM_F_DUMP_INTR } from '../../src/uapi/netlink.ts';
import { RTM_GETNEIGH } from '../../src/uapi/rtnetlink.ts';
import { bridgeJson, ipJson, Namespaces } from './namespaces.ts';

it('reads a list again that the kernel says changed meanwhile, and never hands on a torn one unmarked', async () => {
  await using namespaces = new Namespaces();
  const { path } = await namespaces.create('torn');
  let interruptions = 0;
  const trace = ({ direction, message }: Trace): void => {
    if (direction === 'received' && (message.flags & NLM_F_DUMP_INTR) !== 0) interruptions += 1;
  };
  await using reader = await openConnection({ protocol: NETLINK_ROUTE, netns: path, trace });
  await using writer = await openConnection({ protocol: NETLINK_ROUTE, netns: path });
  const steady = Array.from({ length: 100 }, (_, n) => `steady${n}`);
  await writer.batch(steady.map((name) => links.create({ kind: 'bridge', name })));
  while (interruptions === 0) {
    const [list] = await Promise.all([
      reader.dump(links.list()),
      writer.batch(Array.from({ length: 10 }, (_, n) => links.create({ kind: 'bridge', name: `flux${n}` }))),
    ]);
    if (!list.interrupted) {
      const names = list.items.map(({ name }) => name ?? '');
      expect(new Set(names).size).toBe(names.length);
      expect(names).toEqual(expect.arrayContaining(steady));
    }
    await writer.batch(Array.from({ length: 10 }, (_, n) => links.delete({ name: `flux${n}` })));
  }
});

it('asks the kernel for a part of a list, and gets only that part, as `ip` and `bridge` do', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('strict');
  let received = 0;
  const trace = ({ direction, message }: Trace): void => {
    if (direction === 'received' && message.type >= 16) received += 1;
  };
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: path, trace });
  for (const device of ['br0', 'br1']) await connection.request(links.create({ kind: 'bridge', name: device }));
  const [a = 0, b = 0] = (await ipJson(name, 'link'))
    .filter((link) => link['ifname'] !== 'lo')
    .map((link) => Number(link['ifindex']));
  const mac = '02:00:00:00:00:01';
  await connection.batch(
    Array.from({ length: 40 }, (_, n) =>
      neighbours.create({ index: n % 4 === 0 ? a : b, address: `10.0.0.${n + 1}`, mac }),
    ),
  );
  received = 0;
  const { items } = await connection.dump(neighbours.list({ index: a }));
  expect(items.map(({ index }) => index)).toEqual(new Array(10).fill(a));
  // The kernel filtered, and did not leave all 40 to us.
  expect(received).toBe(10);
  const shown = await ipJson(name, 'neighbour', 'show', 'dev', 'br0', 'nud', 'permanent');
  expect(items.map(({ address }) => address).sort()).toEqual(shown.map((entry) => entry['dst']).sort());
});

it('tells the text that stands in the end of a list, in its own layout', async () => {
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: { private: true } });
  // Strict checking refuses an index in this header; loose checking would list every neighbour as if nothing was said.
  const wrong = dumpOf({
    operation: 'list wrongly',
    type: RTM_GETNEIGH,
    codec: neighbourBody,
    value: { header: ndmsg.fill({ index: 1 }), attributes: {} },
    itemCodec: neighbourBody,
    item: (read) => read,
  });
  await expect(connection.dump(wrong)).rejects.toThrow(/^list wrongly: EINVAL: Invalid values in header/);
});

it('takes what the kernel drops without a word for unknown, never for done', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('dropped');
  await using sound = await openConnection({ protocol: NETLINK_ROUTE, netns: path });
  await sound.request(links.create({ kind: 'vxlan', name: 'vx', data: { vni: 5, port: 4789, learning: false } }));
  const index = (await sound.request(links.get({ name: 'vx' })))?.index ?? 0;
  const transport = await openTransport({ protocol: NETLINK_ROUTE, netns: path });
  await using broken = connectionOver({
    transact(bytes, lengths) {
      // The length of the second of three messages, which no request of ours could make wrong.
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      view.setUint32(view.getUint32(0, true), 3, true);
      return transport.transact(bytes, lengths);
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  });
  const outcomes = await broken.batch(
    [1, 2, 3].map((n) => fdb.create({ where: 'self', index, mac: `02:00:00:00:00:0${n}`, destination: '192.0.2.2' })),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['unknown', 'unknown', 'unknown']);
  expect(await bridgeJson(name, 'fdb', 'show', 'dev', 'vx')).toHaveLength(1);
});
