import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AF_INET6,
  type Connection,
  NETLINK_ROUTE,
  openConnection,
  type Rule,
  type RuleSpec,
  rules,
} from '../../src/index.ts';
import { bothWays, type Row } from './both-ways.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  ns = await testNamespace('rule');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

const PRIORITY = 500;

function row(
  title: string,
  spec: Omit<RuleSpec, 'priority'>,
  arguments_: string,
  expected: object,
  family = '-4',
): Row {
  return {
    title,
    ours: () => [rules.create({ ...spec, priority: PRIORITY })],
    theirs: [`ip ${family} rule add priority ${PRIORITY} ${arguments_}`],
    undo: [`ip ${family} rule del priority ${PRIORITY}`],
    shown: `ip -j -d ${family} rule show`,
    list: () => rules.list(),
    about: ({ priority }: Rule) => priority === PRIORITY,
    expected: () => [expected],
  };
}

describe('rules made by us and by ip(8) are the same', () => {
  bothWays(
    () => ({ ns, connection, links: {} }),
    [
      row(
        'from and to',
        { from: '10.0.0.0/24', to: '10.1.0.0/16', table: 100 },
        'from 10.0.0.0/24 to 10.1.0.0/16 lookup 100',
        { from: '10.0.0.0/24', to: '10.1.0.0/16', action: 'table', table: 100 },
      ),
      row(
        'a mark under a mask, inverted',
        { mark: 0x10, markMask: 0xf0, invert: true, table: 70_000 },
        'not fwmark 0x10/0xf0 lookup 70000',
        { mark: 0x10, markMask: 0xf0, flags: { invert: true }, table: 70_000 },
      ),
      row('links by name', { incomingLink: 'none0', outgoingLink: 'none1', table: 7 }, 'iif none0 oif none1 lookup 7', {
        incomingLink: 'none0',
        outgoingLink: 'none1',
        flags: { incomingDetached: true, outgoingDetached: true },
      }),
      row(
        'protocol and ports',
        {
          ipProtocol: 6,
          sourcePorts: { first: 1000, last: 2000 },
          destinationPorts: { first: 80, last: 80 },
          table: 7,
        },
        'ipproto tcp sport 1000-2000 dport 80 lookup 7',
        { ipProtocol: 6, sourcePorts: { first: 1000, last: 2000 }, destinationPorts: { first: 80, last: 80 } },
      ),
      row('users', { uids: { first: 1000, last: 1999 }, table: 7 }, 'uidrange 1000-1999 lookup 7', {
        uids: { first: 1000, last: 1999 },
      }),
      row('a tunnel', { tunnelId: 4711n, table: 7 }, 'tun_id 4711 lookup 7', { tunnelId: 4711n }),
      row('default routes suppressed', { table: 254, suppressPrefixLength: 0 }, 'lookup main suppress_prefixlength 0', {
        suppressPrefixLength: 0,
      }),
      row(
        'routes by links of a group suppressed',
        { table: 254, suppressLinkGroup: 5 },
        'lookup main suppress_ifgroup 5',
        { suppressLinkGroup: 5 },
      ),
      row('goto', { goto: 32_766 }, 'goto 32766', { action: 'goto', goto: 32_766 }),
      row(
        'TOS, a protocol and realms',
        { tos: 0x10, protocol: 4, table: 7, realms: (3 << 16) | 5 },
        'tos 0x10 protocol static realms 3/5 lookup 7',
        { tos: 0x10, protocol: 4, realms: (3 << 16) | 5 },
      ),
      ...(['blackhole', 'unreachable', 'prohibit'] as const).map((action) =>
        row(action, { action, from: '10.0.0.0/8' }, `${action} from 10.0.0.0/8`, { action, from: '10.0.0.0/8' }),
      ),
      row('nop', { action: 'nop', from: '10.0.0.0/8' }, 'nop from 10.0.0.0/8', { action: 'nop' }),
      row(
        'IPv6',
        { from: '2001:db8::/32', mark: 7, table: 100 },
        'from 2001:db8::/32 fwmark 7 lookup 100',
        { family: AF_INET6, from: '2001:db8::/32', mark: 7 },
        '-6',
      ),
      row(
        'IPv6 without an address',
        { family: AF_INET6, incomingLink: 'none0', table: 100 },
        'iif none0 lookup 100',
        { family: AF_INET6, incomingLink: 'none0' },
        '-6',
      ),
    ],
  );
});

test('what the kernel says of no suppression is absent', async () => {
  const { items } = await connection.dump(rules.list());
  expect(items.length).toBeGreaterThan(3);
  for (const rule of items) expect(rule).not.toHaveProperty('suppressPrefixLength');
});

test('DSCP, port masks and flow labels of newer kernels than iproute2 are told back as they were set', async () => {
  const specs: readonly RuleSpec[] = [
    { priority: 600, table: 7, dscp: 40, dscpMask: 0x38 },
    { priority: 601, table: 7, ipProtocol: 17, sourcePorts: { first: 0x1000, last: 0x1000 }, sourcePortMask: 0xf000 },
    { priority: 602, family: AF_INET6, table: 7, flowLabel: 0x12345, flowLabelMask: 0xfffff },
  ];
  for (const spec of specs) {
    const [outcome] = await connection.batch([rules.create(spec)]);
    // A kernel without the attribute refuses it by name (strict checking): it is never ignored.
    if (outcome?.status === 'failed') {
      expect(outcome.error.code).toBe('EINVAL');
      continue;
    }
    const { items } = await connection.dump(rules.list());
    expect(items.filter(({ priority }) => priority === spec.priority)).toMatchObject([spec]);
    await connection.request(rules.delete(spec));
  }
});

test('two of a priority; the first that agrees goes; one like it is refused', async () => {
  const spec = { priority: 700, from: '10.0.0.0/24', table: 7 } as const;
  await connection.request(rules.create(spec));
  await expect(connection.request(rules.create(spec))).rejects.toMatchObject({ code: 'EEXIST' });
  await connection.request(rules.create({ ...spec, from: '10.0.1.0/24' }));
  await connection.request(rules.delete({ priority: 700, from: '10.0.1.0/24' }));
  const { items } = await connection.dump(rules.list({ family: 2 }));
  expect(items.filter(({ priority }) => priority === 700)).toMatchObject([{ from: '10.0.0.0/24' }]);
  await connection.request(rules.delete({ priority: 700 }));
});
