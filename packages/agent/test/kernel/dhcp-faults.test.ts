import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LeaseStore } from '../../src/dhcp/leases/lease-store.ts';
import { nodeDisk } from '../../src/dhcp/log/log-disk.ts';
import { scale } from '../conformance/case.ts';
import { GARBAGE_MACS, garbage, randomOf } from '../conformance/garbage.ts';
import { Kcore } from '../conformance/kcore.ts';
import { onHost } from '../conformance/process.ts';
import { network, Stage } from '../conformance/stage.ts';
import { reply } from '../conformance/verdict.ts';
import { macOf, type Wire } from '../conformance/wire.ts';
import { encodeMessage, frameOf, ip, ipText } from '../conformance/wire-format.ts';
import { remains, TRACED, WriteLog } from '../conformance/write-log.ts';

/** What no client and no disk may do to the server and to the leases it has promised. The server is a real process. */

const wide = { prefix: 16, range: { start: '10.78.1.0', end: '10.78.250.255' } };
const full = scale >= 10;
const A = '52:54:00:00:00:0a';

describe.concurrent('faults', () => {
  async function serve(label: string, make = (place: ConstructorParameters<typeof Kcore>[0]) => new Kcore(place)) {
    const stage = await Stage.open(label, make);
    await stage.server('ip address flush dev br0; ip address add 10.78.0.1/16 dev br0');
    return { stage, wire: await stage.wire() };
  }

  test('R-13: fuzzed packets: no crash, no reply to garbage, memory flat', { timeout: 900_000 }, async () => {
    const { stage, wire } = await serve('fuzz');
    await using _ = stage;
    await stage.serve(wide);
    const packets = full ? 1_000_000 : 20_000 * scale;
    const random = randomOf(4);
    let [sent, early] = [0, 0];
    for (let round = 0; sent < packets; round++) {
      const certain = garbage(128, round).map((payload) => frameOf(payload, { sourceMac: `${GARBAGE_MACS}00` }));
      const frames = [...certain, ...Array.from({ length: 128 }, () => mutant(random))];
      await wire.sendAll(frames);
      sent += frames.length;
      await wire.fence(0);
      wire.frames.splice(0, Math.max(0, wire.frames.length - 4096));
      expect(wire.frames.filter(({ message }) => message.mac.startsWith(GARBAGE_MACS))).toEqual([]);
      if (early === 0 && sent > packets / 4) early = (await stage.subject.usage()).rss;
    }
    const { discover, request, dropped } = (await stage.subject.counters())['lan'] ?? {
      discover: 0,
      request: 0,
      dropped: {},
    };
    const counted = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    const { rss } = await stage.subject.usage();
    report(
      `${sent} fuzzed packets: ${counted} dropped with a reason, ${discover + request} read as DISCOVER or REQUEST; RSS ${mib(early)} MiB after a quarter, ${mib(rss)} MiB at the end`,
    );
    // That the packets arrived, and were not lost before they were read.
    expect(counted).toBeGreaterThan(0.5 * sent);
    expect(rss - early).toBeLessThan(32 << 20);
    expect((await wire.lease(A))?.address).toMatch(/^10\.78\./);
  });

  test('R-50, R-52: kill -9 under load: every acknowledged lease is there', { timeout: 900_000 }, async () => {
    const { stage, wire } = await serve('kill');
    await using _ = stage;
    const told = new Map<string, string>();
    await stage.serve(wide);
    const rounds = full ? 100 : 3 * scale;
    for (let round = 0; round < rounds; round++) {
      const stop = new AbortController();
      const workers = Array.from({ length: 16 }, (_, index) =>
        keepLeasing(wire, round * 16 + index, told, stop.signal),
      );
      const enough = told.size + 50 + ((round * 37) % 100);
      for (let wait = 0; told.size < enough && wait < 6000; wait++) await sleep(5);
      await stage.subject.end('SIGKILL');
      stop.abort();
      await Promise.all(workers);
      await stage.subject.start([network(wide)]);
      const there = await stage.subject.leases();
      const lost = [...told].filter(([mac, address]) => there.get(mac) !== address);
      expect(lost, `round ${round}`).toEqual([]);
    }
    expect(told.size).toBeGreaterThan(rounds * 30);
    expect(new Set(told.values()).size).toBe(told.size);
    const sample = [...told].slice(-100);
    const replies = await Promise.all(sample.map(async ([mac, address]) => reply(await wire.reboot(mac, address))));
    expect(replies).toEqual(sample.map(([, address]) => `ack ${address}`));
    report(`${rounds} × kill -9: ${told.size} leases acknowledged, none lost`);
  });

  test('R-50: power cut at every point of the write log: what was acknowledged is there', {
    timeout: 900_000,
  }, async () => {
    const trace = (directory: string): string => join(directory, 'trace');
    const { stage, wire } = await serve('power', (place) => {
      return new Kcore(place, [
        'strace',
        '-f',
        '--seccomp-bpf',
        '-xx',
        '-s',
        '4000000',
        '-e',
        `trace=${TRACED}`,
        '-o',
        trace(place.directory),
      ]);
    });
    await using _ = stage;
    await stage.serve(wide);
    const clients = full ? 300 : 30;
    for (let from = 0; from < clients; from += 3) {
      await Promise.all(Array.from({ length: 3 }, (_, index) => wire.lease(macOf(from + index))));
    }
    await stage.subject.finish();
    const { steps } = new WriteLog(readFileSync(trace(stage.directory), 'latin1'), stage.subject.storeDirectory);
    expect(steps.filter(({ step }) => step === 'ack').length).toBeGreaterThanOrEqual(clients);
    let cuts = 0;
    for (let end = 0; end <= steps.length; end++) {
      const happened = steps.slice(0, end);
      const told = happened.flatMap((one) => (one.step === 'ack' ? [one] : []));
      for (let variant = 0; variant < (full ? 5 : 2); variant++, cuts++) {
        const directory = join(stage.directory, 'remains');
        remains(happened, randomOf(end * 8 + variant), directory);
        const there = await storedIn(directory);
        const lost = told.filter(({ mac, address }) => there.get(mac) !== address);
        expect(lost, `cut after step ${end} of ${steps.length}, variant ${variant}`).toEqual([]);
      }
    }
    report(`power cut replayed: ${steps.length} steps, ${cuts} states of the disk, ${clients} leases, none lost`);
  });
});

const mib = (bytes: number): string => (bytes / (1 << 20)).toFixed(1);
const report = (line: string): void => console.info(line);

/** RFC 4039: DISCOVER that is answered with an ACK. */
function rapid(mac: string): Buffer {
  return frameOf(encodeMessage({ type: 'discover', mac, xid: 7, options: [[80, []]] }), { sourceMac: mac });
}

/** A client's message with some bytes changed: may still be one. */
function mutant(random: ReturnType<typeof randomOf>): Buffer {
  const mac = macOf(random(5000), 77);
  const type = (['discover', 'request', 'decline', 'release', 'inform'] as const)[random(5)] ?? 'discover';
  const options = [
    ip(50, `10.78.1.${random(256)}`),
    ip(54, '10.78.0.1'),
    [61, [1, 2, random(256)]],
    [55, [1, 3, 6]],
  ] as const;
  const payload = encodeMessage({ type, mac, xid: random(0xffff), options: options.slice(random(3)) });
  for (let change = 1 + random(6); change > 0; change--) payload[random(payload.length)] = random(256);
  // Never taken for garbage, whose answers would be mistakes.
  payload[33] ??= 0;
  return frameOf(payload.subarray(0, random(8) === 0 ? random(payload.length) : payload.length), { sourceMac: mac });
}

/** New clients, one after the other, until told to stop; notes each lease whose ACK arrived. */
async function keepLeasing(wire: Wire, group: number, told: Map<string, string>, stop: AbortSignal): Promise<void> {
  for (let count = 0; !stop.aborted; count++) {
    const mac = macOf(((group >> 8) << 12) | count, group & 255);
    const offer = await wire.ask({ type: 'discover', mac }, {}, 1);
    if (offer === undefined || stop.aborted) continue;
    const options = [ip(50, offer.message.yiaddr), ip(54, '10.78.0.1')];
    const ack = await wire.ask({ type: 'request', mac, options }, {}, 1);
    if (ack?.message.type === 'ack') told.set(mac, ack.message.yiaddr);
  }
}

/** What the server finds when it starts from this directory. */
async function storedIn(directory: string): Promise<Map<string, string>> {
  await using store = await LeaseStore.open({
    directory,
    disk: nodeDisk,
    now: () => Date.now(),
    monotonic: () => performance.now(),
    onFailure: (error) => {
      throw error;
    },
    onRecovery: () => {},
    onTorn: () => {},
  });
  const bytes = Buffer.alloc(4);
  return new Map(
    [...store.leases()].map(({ mac, address }) => {
      bytes.writeUInt32BE(address);
      return [mac, ipText(bytes)];
    }),
  );
}

describe('the store', () => {
  let stage: Stage<Kcore>;
  let state = '';
  beforeEach(async () => {
    stage = await Stage.open('store', (place) => new Kcore(place, [], join(place.directory, 'mount', 'state')));
    state = join(stage.directory, 'mount');
    mkdirSync(state);
  });
  afterEach(() => stage[Symbol.asyncDispose]());

  async function threeLeases(): Promise<{ readonly wire: Wire; readonly path: string }> {
    await stage.serve();
    const wire = await stage.wire();
    for (let index = 0; index < 3; index++) expect((await wire.lease(macOf(index)))?.address).toBeDefined();
    await stage.subject.end('SIGKILL');
    return { wire, path: stage.subject.storePath };
  }

  test('R-52: damage among acknowledged leases stops the start, names the file and the remedy, and changes nothing', async () => {
    const { path } = await threeLeases();
    const intact = readFileSync(path);
    const damaged = Buffer.from(intact);
    // In the first lease; two more follow that clients were told of.
    const at = damaged.findIndex((byte, index) => index > 40 && byte !== 0);
    damaged[at] = (damaged[at] ?? 0) ^ 0x40;
    writeFileSync(path, damaged);
    await expect(stage.serve()).rejects.toThrow(path);
    await expect(stage.serve()).rejects.toThrow(/[Rr]estore the file|move it away/);
    expect(readFileSync(path).equals(damaged)).toBe(true);
    writeFileSync(path, Buffer.concat([Buffer.from('nonsense'), intact.subarray(8)]));
    await expect(stage.serve()).rejects.toThrow(path);
    writeFileSync(path, intact);
    await stage.serve();
    expect((await stage.subject.leases()).size).toBe(3);
  });

  test('R-52: the last record cut off at each of its bytes is dropped, and nothing else', async () => {
    const { path } = await threeLeases();
    const intact = readFileSync(path);
    const end = intact.findLastIndex((byte) => byte !== 0) + 1;
    const copy = join(state, 'copy');
    for (let cut = 1; cut <= 12; cut++) {
      mkdirSync(copy, { recursive: true });
      copyFileSync(path, join(copy, 'leases.log'));
      truncateSync(join(copy, 'leases.log'), end - cut);
      const there = await storedIn(copy);
      expect(
        [macOf(0), macOf(1)].every((mac) => there.has(mac)),
        `${cut} bytes less`,
      ).toBe(true);
      rmSync(copy, { recursive: true });
    }
    truncateSync(path, end - 3);
    await stage.serve();
    expect((await stage.subject.leases()).size).toBe(2);
    expect(statSync(path).size).toBeGreaterThan(0);
  });

  test('R-50: a full disk: no ACK and an event; leases again when there is room', async () => {
    await onHost('mount', '-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', state);
    try {
      await stage.server('ip address flush dev br0; ip address add 10.78.0.1/16 dev br0');
      await stage.serve({ ...wide, rapidCommit: true });
      const wire = await stage.wire();
      const lease = await wire.lease(A);
      expect(lease?.address).toBeDefined();
      const address = lease?.address ?? '';
      await onHost('sh', '-c', `cat /dev/zero > ${state}/filler 2>/dev/null || true`);
      const failed = (): boolean => stage.subject.events.some(({ event }) => event === 'LeaseStoreFailed');
      // What was reserved ahead is used up first: by clients that take their lease with one message.
      for (let count = 0; !failed() && count < 40_000; count += 100) {
        await wire.sendAll(Array.from({ length: 100 }, (_, index) => rapid(macOf(count + index, 9))));
        await wire.fence(0);
      }
      expect(stage.subject.events.find(({ event }) => event === 'LeaseStoreFailed')?.message).toMatch(/ENOSPC.*until/);
      await wire.fence();
      const before = wire.frames.filter(({ message }) => message.type === 'ack').length;
      const heard = await wire.silence({ type: 'request', mac: A, ciaddr: address });
      expect(heard.map(reply)).toEqual([]);
      // Only the INFORM that tells of it, which promises nothing.
      expect(wire.frames.filter(({ message }) => message.type === 'ack').length).toBe(before + 1);
      rmSync(`${state}/filler`);
      expect(reply(await wire.renew(A, address))).toBe(`ack ${address}`);
      expect(await stage.subject.event('LeaseStoreRecovered')).toContain('again');
    } finally {
      await stage.subject.end();
      await onHost('umount', state);
    }
  });

  test('a file system that is read-only: the start fails, and says which file', async () => {
    const { path } = await threeLeases();
    await onHost('mount', '--bind', state, state);
    try {
      await onHost('mount', '-o', 'remount,ro,bind', state);
      await expect(stage.serve()).rejects.toThrow(/EROFS/);
      await expect(stage.serve()).rejects.toThrow(path);
    } finally {
      await stage.subject.end();
      await onHost('umount', state);
    }
    await stage.serve();
    expect((await stage.subject.leases()).size).toBe(3);
  });
});
