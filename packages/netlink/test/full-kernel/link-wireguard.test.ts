import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import { openFamily } from '../../src/genl/family.ts';
import {
  changeWireguard,
  readWireguard,
  type WireguardRequests,
  wireguardFamily,
} from '../../src/genl/wireguard/wireguard.ts';
import { NETLINK_GENERIC } from '../../src/uapi/genetlink.ts';
import { AF_INET, AF_INET6 } from '../../src/uapi/socket.ts';
import { type TestNamespace, testNamespace } from '../kernel/namespace.ts';
import { ip } from '../link-rows.ts';

let ns: TestNamespace;
let connection: Connection;
let requests: WireguardRequests;
const wg0 = { name: 'wg0' };

beforeAll(async () => {
  ns = await testNamespace('wg');
  ip(ns.name, 'link', 'add', 'wg0', 'type', 'wireguard');
  connection = await openConnection({ protocol: NETLINK_GENERIC, netns: ns.path });
  requests = await openFamily(connection, wireguardFamily);
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

function wg(input: string, ...words: readonly string[]): string {
  return execFileSync('ip', ['netns', 'exec', ns.name, 'wg', ...words], { encoding: 'utf8', input });
}

const key = (n: number): string => Buffer.alloc(32, n + 1).toString('base64');

test('what we configure, wg(8) shows, and we read', async () => {
  const privateKey = wg('', 'genkey').trim();
  const publicKey = wg(privateKey, 'pubkey').trim();
  await changeWireguard(connection, requests, wg0, {
    privateKey,
    listenPort: 51_820,
    mark: 0x77,
    flags: { replacePeers: true },
    peers: [
      {
        publicKey: key(1),
        presharedKey: key(9),
        endpoint: { address: '192.0.2.7', port: 51_821 },
        persistentKeepalive: 25,
        flags: { replaceAllowedIps: true },
        allowedIps: [
          { family: AF_INET, address: '10.1.0.0', prefixLength: 16 },
          { family: AF_INET6, address: '2001:db8:1::', prefixLength: 48 },
        ],
      },
      { publicKey: key(2), endpoint: { address: '2001:db8::7', port: 7 } },
    ],
  });
  const dump = wg('', 'show', 'wg0', 'dump')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  expect(dump[0]).toEqual([privateKey, publicKey, '51820', '0x77']);
  expect(new Map(dump.slice(1).map(([peer, ...rest]) => [peer, rest]))).toEqual(
    new Map([
      [key(1), [key(9), '192.0.2.7:51821', '10.1.0.0/16,2001:db8:1::/48', '0', '0', '0', '25']],
      [key(2), ['(none)', '[2001:db8::7]:7', '(none)', '0', '0', '0', 'off']],
    ]),
  );
  const device = await readWireguard(connection, requests, wg0);
  expect(device).toMatchObject({ name: 'wg0', privateKey, publicKey, listenPort: 51_820, mark: 0x77 });
  expect(device?.unknown).toBeUndefined();
  const peer = device?.peers?.find(({ publicKey: theirs }) => theirs === key(1));
  expect(peer).toMatchObject({
    presharedKey: key(9),
    endpoint: { address: '192.0.2.7', port: 51_821 },
    persistentKeepalive: 25,
    lastHandshake: { seconds: 0n, nanoseconds: 0n },
    rxBytes: 0n,
    protocolVersion: 1,
  });
  expect(peer?.allowedIps).toHaveLength(2);
  expect(peer?.unknown).toBeUndefined();
});

test('what wg(8) configures, we read; a peer is changed and removed', async () => {
  wg('', 'set', 'wg0', 'peer', key(3), 'allowed-ips', '10.3.0.0/24', 'endpoint', '198.51.100.3:3');
  const device = await readWireguard(connection, requests, wg0);
  expect(device?.peers?.find(({ publicKey }) => publicKey === key(3))).toMatchObject({
    endpoint: { address: '198.51.100.3', port: 3 },
    allowedIps: [{ family: AF_INET, address: '10.3.0.0', prefixLength: 24 }],
  });
  await changeWireguard(connection, requests, wg0, {
    peers: [
      { publicKey: key(3), flags: { updateOnly: true }, persistentKeepalive: 9 },
      { publicKey: key(1), flags: { remove: true } },
      { publicKey: key(5), flags: { updateOnly: true }, persistentKeepalive: 9 },
    ],
  });
  expect(wg('', 'show', 'wg0', 'peers').trim().split('\n').sort()).toEqual([key(2), key(3)].sort());
  expect(wg('', 'show', 'wg0', 'persistent-keepalive')).toContain(`${key(3)}\t9`);
});

test('more than fits a message, both ways', async () => {
  const allowedIps = Array.from({ length: 1500 }, (_, n) => ({
    family: AF_INET,
    address: `10.${n >> 8}.${n & 255}.0`,
    prefixLength: 24,
  }));
  const peers = Array.from({ length: 150 }, (_, n) => ({ publicKey: key(n + 20) }));
  await changeWireguard(connection, requests, wg0, {
    flags: { replacePeers: true },
    peers: [{ publicKey: key(1), flags: { replaceAllowedIps: true }, allowedIps }, ...peers],
  });
  const device = await readWireguard(connection, requests, wg0);
  expect(device?.peers).toHaveLength(151);
  const big = device?.peers?.find(({ publicKey }) => publicKey === key(1));
  expect(new Set(big?.allowedIps?.map(({ address }) => address))).toEqual(
    new Set(allowedIps.map(({ address }) => address)),
  );
  const shown = wg('', 'show', 'wg0', 'allowed-ips').trim().split('\n');
  expect(shown).toHaveLength(151);
  expect(shown.find((line) => line.startsWith(key(1)))?.split(/\s/).length).toBe(1501);
});

test('a link of another kind, or none, is refused', async () => {
  ip(ns.name, 'link', 'add', 'dm', 'type', 'dummy');
  await expect(readWireguard(connection, requests, { name: 'dm' })).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
  await expect(readWireguard(connection, requests, { name: 'nope' })).rejects.toMatchObject({ code: 'ENODEV' });
});
