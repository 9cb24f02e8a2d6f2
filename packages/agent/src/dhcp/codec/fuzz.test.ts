import { expect, test } from 'vitest';
import type { DhcpNetwork } from '../../model/dhcp-network.ts';
import { LeaseTable } from '../leases/lease-table.ts';
import { respond } from '../respond/respond.ts';
import { serveNetwork } from '../respond/served-network.ts';
import { clientMessage } from '../testing/client.ts';
import { buildPacket } from './build.ts';
import { option } from './options.ts';
import { parsePacket } from './parse.ts';

const scale = Number(process.env['KCORE_TEST_SCALE'] ?? 1);
const runs = 20_000 * scale;
const timeout = 20_000 * scale;

/** Numbers below `bound`, the same in every run. Source: xorshift32, Marsaglia 2003. */
function numbers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

const spec: DhcpNetwork = {
  network: 'lan',
  link: 'kbr-lan',
  serverAddress: '10.77.0.1',
  prefix: 24,
  range: { start: '10.77.0.100', end: '10.77.0.199' },
  leaseSeconds: 43200,
  router: '10.77.0.1',
  dns: ['1.1.1.1'],
  options: [],
  bindings: [],
  reservations: [],
  bindingsOnly: false,
  search: ['kcore.internal', 'example.org'],
  boot: { bios: 'pxelinux.0', ipxe: 'boot.ipxe' },
};

const seeds = [
  clientMessage({
    type: 'discover',
    mac: '02:00:00:00:00:01',
    options: [option('parameterList', Uint8Array.of(1, 3, 6, 119, 121))],
  }),
  clientMessage({ type: 'request', mac: '02:00:00:00:00:01', requested: '10.77.0.100', server: '10.77.0.1' }),
  clientMessage({
    type: 'request',
    mac: '02:00:00:00:00:02',
    ciaddr: '10.77.0.100',
    options: [option('clientArchitecture', [0])],
  }),
  clientMessage({ type: 'decline', mac: '02:00:00:00:00:01', requested: '10.77.0.100' }),
  clientMessage({
    type: 'discover',
    mac: '02:00:00:00:00:03',
    giaddr: '10.77.0.2',
    relayAgent: Uint8Array.of(1, 2, 3, 4),
  }),
];

function mutate(bytes: Uint8Array, below: (bound: number) => number): Uint8Array {
  const out = bytes.slice(0, below(8) === 0 ? below(bytes.length + 1) : bytes.length);
  for (let count = below(12); count > 0 && out.length > 0; count--) {
    // The options are where the parser works, so most hits go there.
    const at = below(4) === 0 ? below(out.length) : 236 + below(Math.max(1, out.length - 236));
    if (at < out.length) out[at] = below(3) === 0 ? 255 : below(256);
  }
  return out;
}

test('whatever arrives, nothing throws, and what is answered is a well-formed reply', { timeout }, () => {
  const below = numbers(20260101);
  const network = serveNetwork(spec);
  let answered = 0;
  let malformed = 0;
  let table = new LeaseTable();
  for (let run = 0; run < runs; run++) {
    if (run % 1000 === 0) table = new LeaseTable();
    const seed = seeds[below(seeds.length)] ?? new Uint8Array(0);
    const parsed = parsePacket(mutate(seed, below));
    if (parsed.kind === 'malformed') {
      malformed += 1;
      continue;
    }
    const decision = respond({ packet: parsed.packet, source: 0 }, network, table, run);
    for (const change of decision.commit) table.apply(change);
    if (decision.offer !== undefined) table.offer({ ...decision.offer, checked: true });
    if (decision.kind !== 'reply') continue;
    answered += 1;
    const reply = parsePacket(buildPacket(decision.reply.packet));
    if (reply.kind === 'malformed') throw new Error(`malformed reply: ${reply.reason}`);
    expect(reply.packet.xid).toBe(parsed.packet.xid);
  }
  // The mutations are neither all refused nor all harmless, or this would test one path only.
  expect(answered).toBeGreaterThan(runs / 50);
  expect(malformed).toBeGreaterThan(runs / 50);
});

test('pure noise is never answered', { timeout }, () => {
  const below = numbers(42);
  for (let run = 0; run < runs; run++) {
    const noise = Uint8Array.from({ length: below(600) }, () => below(256));
    expect(parsePacket(noise).kind).toBe('malformed');
  }
});
