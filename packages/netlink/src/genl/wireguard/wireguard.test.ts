import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../codec/codec.ts';
import { MalformedError } from '../../codec/error.ts';
import { dumpOf } from '../../message/request.ts';
import { endOfDump, fakeConnection, kernelMessage, messagesIn } from '../../testing/fake-kernel.ts';
import { NLM_F_DUMP_INTR, NLM_F_MULTI } from '../../uapi/netlink.ts';
import { AF_INET } from '../../uapi/socket.ts';
import { genlBody } from '../header.ts';
import { deviceAttributes, type WireguardPeer } from './attributes.ts';
import { endpoint } from './endpoint.ts';
import { key } from './key.ts';
import { mergeDevices, splitDevice } from './split.ts';
import { readWireguard, type WireguardRequests } from './wireguard.ts';

const keyOf = (n: number): string => Buffer.alloc(32, n).toString('base64');
const addresses = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    family: AF_INET,
    address: `10.${n >> 8}.${n & 255}.0`,
    prefixLength: 24,
  }));

describe('keys and endpoints', () => {
  test('a key is 32 bytes in base64, and an error does not show it', () => {
    expect(decode(key, encode(key, keyOf(7)))).toBe(keyOf(7));
    const secret = 'c2VjcmV0';
    expect(() => encode(key, secret)).toThrow('not a key of 32 bytes');
    expect(() => encode(key, secret)).not.toThrow(secret);
    expect(() => decode(key, new Uint8Array(31))).toThrow(MalformedError);
  });

  test.each([
    [{ address: '192.0.2.1', port: 51_820 }, 16],
    [{ address: '2001:db8::1', port: 1 }, 28],
    [{ address: 'fe80::1', port: 2, scope: 9 }, 28],
  ])('%j takes %i bytes', (value, length) => {
    const written = encode(endpoint, value);
    expect(written).toHaveLength(length);
    expect(decode(endpoint, written)).toEqual(value);
  });

  test('an endpoint of another family is refused', () => {
    expect(() => decode(endpoint, Uint8Array.of(1, 0, 0, 0))).toThrow('address family 1');
    expect(() => decode(endpoint, new Uint8Array(0))).toThrow(MalformedError);
  });
});

describe('a configuration that is read', () => {
  const requests: WireguardRequests = {
    get: () =>
      dumpOf({
        operation: 'get wireguard device wg0',
        type: 20,
        codec: genlBody(deviceAttributes),
        value: { header: { command: 0, version: 1 }, attributes: { name: 'wg0' } },
        itemCodec: genlBody(deviceAttributes),
        item: ({ attributes }) => attributes,
      }),
    change: () => [],
  };

  /** The device in two messages, each with a peer; `torn` says of how many attempts that it changed meanwhile. */
  const kernel = (torn: number) => {
    let attempts = 0;
    return fakeConnection((chunk) => {
      const [request] = messagesIn(chunk);
      if (request === undefined) return [];
      attempts += 1;
      const { sequence } = request;
      const parts = [1, 2].map((n) => {
        const attributes = { name: 'wg0', peers: [{ publicKey: keyOf(n) }] };
        const body = encode(genlBody(deviceAttributes), { header: { command: 0, version: 1 }, attributes });
        const flags = NLM_F_MULTI | (n === 2 && attempts <= torn ? NLM_F_DUMP_INTR : 0);
        return kernelMessage({ type: 20, flags, sequence }, body);
      });
      return [...parts, endOfDump(request)];
    });
  };

  test('is whole, or is said not to be', async () => {
    const read = await readWireguard(kernel(4), requests, { name: 'wg0' });
    expect(read?.peers?.map(({ publicKey }) => publicKey)).toEqual([keyOf(1), keyOf(2)]);
    await expect(readWireguard(kernel(5), requests, { name: 'wg0' })).rejects.toThrow(
      'get wireguard device wg0: the outcome is unknown: it changed again and again while it was read',
    );
  });
});

describe('a configuration in messages', () => {
  test('a short one is one', () => {
    const device = { name: 'wg0', listenPort: 1, peers: [{ publicKey: keyOf(1) }] };
    expect(splitDevice(device)).toEqual([device]);
    expect(splitDevice({ name: 'wg0', mark: 3 })).toEqual([{ name: 'wg0', mark: 3 }]);
    expect(splitDevice({ name: 'wg0', flags: { replacePeers: true }, peers: [] })).toHaveLength(1);
  });

  test('a long one is replaced by its first message and added to by the others', () => {
    const peers: WireguardPeer[] = [
      { publicKey: keyOf(1), flags: { replaceAllowedIps: true }, persistentKeepalive: 5, allowedIps: addresses(1000) },
      ...Array.from({ length: 300 }, (_, n) => ({ publicKey: keyOf(2 + (n % 200)) })),
    ];
    const messages = splitDevice({ index: 7, privateKey: keyOf(9), flags: { replacePeers: true }, peers });
    expect(messages.length).toBeGreaterThan(2);
    for (const message of messages) expect(deviceAttributes.measure(message)).toBeLessThan(32 * 1024);
    expect(messages[0]).toMatchObject({ index: 7, privateKey: keyOf(9), flags: { replacePeers: true } });
    for (const message of messages.slice(1)) {
      expect(Object.keys(message).sort()).toEqual(['index', 'peers']);
      for (const peer of message.peers ?? []) expect(peer.flags).toBeUndefined();
    }
    const merged = mergeDevices(messages)[0];
    expect(merged?.peers?.[0]).toMatchObject({ publicKey: keyOf(1), persistentKeepalive: 5 });
    expect(merged?.peers?.[0]?.allowedIps).toEqual(addresses(1000));
    expect(merged?.peers).toHaveLength(301);
  });

  test('whatever peers: put together again they are as they were', () => {
    const peer = fc.record({ publicKey: fc.integer({ min: 1, max: 255 }), count: fc.integer({ min: 0, max: 450 }) });
    fc.assert(
      fc.property(fc.uniqueArray(peer, { selector: ({ publicKey }) => publicKey, maxLength: 8 }), (chosen) => {
        const peers = chosen.map(({ publicKey, count }) => ({
          publicKey: keyOf(publicKey),
          allowedIps: addresses(count),
        }));
        expect(mergeDevices(splitDevice({ name: 'wg0', peers }))).toEqual([{ name: 'wg0', peers }]);
      }),
      { numRuns: 20 },
    );
  });
});
