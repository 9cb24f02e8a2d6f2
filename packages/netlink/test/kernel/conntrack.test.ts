import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import { conntrack } from '../../src/conntrack/conntrack.ts';
import type { ConntrackEntry } from '../../src/conntrack/entry.ts';
import { type ConntrackEvent, decodeConntrackMessage } from '../../src/conntrack/event.ts';
import type { ConntrackFilter } from '../../src/conntrack/filter.ts';
import { openMonitor } from '../../src/monitor/monitor.ts';
import { NETLINK_NETFILTER } from '../../src/uapi/netlink.ts';
import {
  NFNLGRP_CONNTRACK_DESTROY,
  NFNLGRP_CONNTRACK_NEW,
  NFNLGRP_CONNTRACK_UPDATE,
} from '../../src/uapi/nfnetlink.ts';
import { AF_INET, AF_INET6 } from '../../src/uapi/socket.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

const TCP = 6;
const UDP = 17;

let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  ns = await testNamespace('conntrack');
  connection = await openConnection({ protocol: NETLINK_NETFILTER, netns: ns.path });
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

/** conntrack(8), whose own counting line on stderr is left to it. */
function tool(words: string): string {
  return ns.run('conntrack', ...words.split(' '));
}

async function list(filter?: ConntrackFilter): Promise<readonly ConntrackEntry[]> {
  return (await connection.dump(conntrack.list(filter))).items;
}

const v6 = {
  original: {
    ip: { source6: '2001:db8::7', destination6: '2001:db8::1' },
    protocol: { number: TCP, sourcePort: 4000, destinationPort: 443 },
  },
  reply: {
    ip: { source6: '2001:db8::1', destination6: '2001:db8::7' },
    protocol: { number: TCP, sourcePort: 443, destinationPort: 4000 },
  },
} as const;

describe('entries', () => {
  test('what we make, conntrack(8) shows: IPv6, TCP state, mark, timeout, status', async () => {
    await connection.request(
      conntrack.create({
        ...v6,
        timeout: 777,
        mark: 0x1234,
        status: { seenReply: true, assured: true, confirmed: true },
        protocolInfo: { tcp: { state: 3 } },
      }),
    );
    expect(tool('-L -f ipv6')).toMatch(
      /tcp +6 77\d ESTABLISHED src=2001:db8::7 dst=2001:db8::1 sport=4000 dport=443 src=2001:db8::1 .* \[ASSURED\] mark=4660/,
    );
    const [entry] = await list({ family: AF_INET6 });
    expect(entry).toMatchObject({
      ...v6,
      family: AF_INET6,
      mark: 0x1234,
      status: { seenReply: true, assured: true, confirmed: true },
      protocolInfo: { tcp: { state: 3 } },
    });
    expect(entry?.unknown).toBeUndefined();
    expect(await connection.request(conntrack.get({ original: v6.original }))).toMatchObject({ id: entry?.id });
    await expect(connection.request(conntrack.create({ ...v6, timeout: 1 }))).rejects.toMatchObject({ code: 'EEXIST' });
  });

  test('a change is what conntrack(8) shows then, and leaves the rest', async () => {
    await connection.request(conntrack.update({ original: v6.original }, { mark: 5, timeout: 600 }));
    expect(tool('-L -f ipv6')).toMatch(/tcp +6 (600|59\d) ESTABLISHED .* mark=5/);
    const gone = { ip: v6.original.ip, protocol: { ...v6.original.protocol, sourcePort: 1 } };
    await expect(connection.request(conntrack.update({ original: gone }, { mark: 1 }))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  test('an id says which of two entries, one after the other, is meant', async () => {
    const [entry] = await list({ source: '2001:db8:0::7' });
    const other = { ...v6, id: ((entry?.id ?? 0) ^ 1) >>> 0 };
    await expect(connection.request(conntrack.delete(other))).rejects.toMatchObject({ code: 'ENOENT' });
    await connection.request(
      conntrack.delete({ original: v6.original, ...(entry?.id === undefined ? {} : { id: entry.id }) }),
    );
    expect(await list({ family: AF_INET6 })).toEqual([]);
  });

  test('counters, times, zones and labels', async () => {
    ns.run('sysctl', '-qw', 'net.netfilter.nf_conntrack_acct=1', 'net.netfilter.nf_conntrack_timestamp=1');
    ns.run('nft', 'add table inet t');
    ns.run('nft', 'add chain inet t early { type filter hook output priority -400; }');
    ns.run('nft', 'add rule inet t early meta l4proto icmp ct zone set 9');
    ns.run('nft', 'add chain inet t out { type filter hook output priority 0; }');
    ns.run('nft', 'add rule inet t out ct zone 9 ct mark set 0x77 ct label set 3');
    ns.run('ip', 'link', 'set', 'lo', 'up');
    ns.run('ping', '-c', '1', '127.0.0.1');
    const [entry] = await list({ zone: 9 });
    expect(entry).toMatchObject({
      original: { ip: { source: '127.0.0.1', destination: '127.0.0.1' }, protocol: { number: 1, icmpType: 8 } },
      zone: 9,
      mark: 0x77,
      originalCounters: { packets: 1n, bytes: 84n },
    });
    // Label 3 is bit 3 of 128.
    expect(entry?.labels?.[0]).toBe(8);
    const started = Number(entry?.timestamp?.start ?? 0n) / 1e9;
    expect(Math.abs(Date.now() / 1000 - started)).toBeLessThan(3600);
    expect(tool('-L -w 9 -o timestamp,id')).toContain(`id=${entry?.id}`);
    expect(await list({ zone: 8 })).toEqual([]);
    ns.run('nft', 'delete table inet t');
  });
});

describe('filters', () => {
  const entry = (source: string, port: number, mark: number, assured: boolean) =>
    conntrack.create({
      original: {
        ip: { source, destination: '192.0.2.1' },
        protocol: { number: UDP, sourcePort: port, destinationPort: 53 },
      },
      reply: {
        ip: { source: '192.0.2.1', destination: source },
        protocol: { number: UDP, sourcePort: 53, destinationPort: port },
      },
      timeout: 100,
      mark,
      status: { confirmed: true, ...(assured ? { assured } : {}) },
    });

  beforeAll(async () => {
    await connection.request(conntrack.flush());
    await connection.request(entry('198.51.100.7', 1000, 0x11, false));
    await connection.request(entry('198.51.100.7', 1001, 0x21, true));
    await connection.request(entry('198.51.100.8', 1002, 0x12, true));
    tool('-I -p tcp -s 198.51.100.9 -d 192.0.2.1 --sport 7 --dport 53 --timeout 100 --state SYN_SENT');
    tool('-I -p udp -s 2001:db8::7 -d 2001:db8::1 --sport 9 --dport 53 --timeout 100');
    tool('-I -p udp -s 2001:db8::8 -d 2001:db8::1 --sport 10 --dport 53 --timeout 100');
  });

  test.each<[string, ConntrackFilter, readonly number[]]>([
    ['nothing', {}, [7, 9, 10, 1000, 1001, 1002]],
    ['IPv4', { family: AF_INET }, [7, 1000, 1001, 1002]],
    ['IPv6', { family: AF_INET6 }, [9, 10]],
    ['an address', { source: '198.51.100.7' }, [1000, 1001]],
    ['an IPv6 address in another spelling', { source: '2001:DB8:0:0::7' }, [9]],
    ['protocol and ports', { family: AF_INET, protocol: UDP, sourcePort: 1002, destinationPort: 53 }, [1002]],
    ['a port of any protocol', { destinationPort: 53, source: '198.51.100.9' }, [7]],
    ['a port that no protocol has', { destinationPort: 54 }, []],
    ['a protocol of both families', { protocol: UDP }, [9, 10, 1000, 1001, 1002]],
    ['a mark', { mark: { value: 0x11 } }, [1000]],
    ['a mark under a mask', { mark: { value: 0x1, mask: 0xf }, protocol: UDP }, [1000, 1001]],
    ['a status', { status: { assured: true } }, [1001, 1002]],
    ['a status that is not', { status: { assured: false }, protocol: UDP }, [9, 10, 1000]],
    ['no such zone', { zone: 3 }, []],
  ])('by %s', async (_, filter, ports) => {
    const found = (await list(filter)).map(({ original }) => original?.protocol?.sourcePort ?? 0);
    expect(found.sort((a, b) => a - b)).toEqual(ports);
  });

  test('the kernel itself leaves out what does not agree', async () => {
    const counted = async (filter: ConntrackFilter): Promise<number> => {
      let messages = 0;
      const spy = conntrack.list(filter);
      const decode = spy.decode.bind(spy);
      await connection.dump({
        operation: spy.operation,
        type: spy.type,
        flags: spy.flags,
        measure: () => spy.measure(),
        encode: (out) => spy.encode(out),
        decode(message) {
          messages += 1;
          return decode(message);
        },
      });
      return messages;
    };
    expect(await counted({})).toBe(6);
    expect(await counted({ source: '198.51.100.7' })).toBe(2);
    expect(await counted({ protocol: UDP, source: '198.51.100.7', sourcePort: 1001 })).toBe(1);
    expect(await counted({ mark: { value: 0x10, mask: 0x10 } })).toBe(2);
    expect(await counted({ status: { assured: true } })).toBe(2);
  });

  test('addresses of two families are refused', () => {
    expect(() => conntrack.list({ source: '192.0.2.1', destination: '2001:db8::1' })).toThrow('not both');
    expect(() => conntrack.list({ source: '192.0.2.1', family: AF_INET6 })).toThrow('not both');
  });
});

test('statistics: one for each processor, and how full the table is', async () => {
  const { items } = await connection.dump(conntrack.cpuStatistics());
  const shown = tool('-S').trim().split('\n');
  expect(items.map(({ cpu }) => cpu)).toEqual(shown.map((_, cpu) => cpu));
  expect(items[0]).toMatchObject({ found: expect.any(Number), insertFailed: expect.any(Number) });
  expect(shown[0]).toContain(`insert_failed=${items[0]?.insertFailed}`);
  expect(items.map(({ unknown }) => unknown)).toEqual(items.map(() => undefined));
  const total = await connection.request(conntrack.totalStatistics());
  expect(total?.entries).toBe(Number(tool('-C').trim()));
  expect(total?.maxEntries).toBe(Number(ns.run('sysctl', '-n', 'net.netfilter.nf_conntrack_max')));
});

test('a monitor tells of new, changed and ended connections', async () => {
  await connection.request(conntrack.flush());
  await using monitor = await openMonitor({
    protocol: NETLINK_NETFILTER,
    netns: ns.path,
    groups: [NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_UPDATE, NFNLGRP_CONNTRACK_DESTROY],
  });
  tool('-I -p udp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 --timeout 100');
  tool('-U -p udp -s 10.0.0.1 -d 10.0.0.2 --sport 1 --dport 2 --mark 99');
  tool('-D -p udp -s 10.0.0.1');
  const events: ConntrackEvent[] = [];
  for await (const item of monitor) {
    const event = item.type === 'message' ? decodeConntrackMessage(item.message) : undefined;
    if (event !== undefined) events.push(event);
    if (event?.event === 'destroy') break;
  }
  expect(events.map(({ event, entry }) => [event, entry.original?.ip?.source, entry.mark])).toEqual([
    ['new', '10.0.0.1', 0],
    ['update', '10.0.0.1', 99],
    ['destroy', '10.0.0.1', 99],
  ]);
});
