import { readFileSync, statSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { A, B, C, type Case, scale } from '../case.ts';
import { Running } from '../process.ts';
import { programOf } from '../programs.ts';
import { network, type Stage } from '../stage.ts';
import { holds, reply, same, some } from '../verdict.ts';
import { macOf, type Wire } from '../wire.ts';

/** Crashes, and many clients at once. */

const WIDE = { prefix: 16, range: { start: '10.78.1.0', end: '10.78.255.250' } } as const;

async function serveWide(stage: Stage): Promise<void> {
  await stage.server('ip address flush dev br0; ip address add 10.78.0.1/16 dev br0');
  await stage.serve(WIDE);
}

/** New clients, one after the other, until told to stop; notes each lease whose ACK arrived. */
async function keepLeasing(wire: Wire, group: number, told: Map<string, string>, stop: AbortSignal): Promise<void> {
  for (let count = 0; !stop.aborted; count++) {
    const mac = macOf(count, group);
    const offer = await wire.ask({ type: 'discover', mac }, {}, 1);
    if (offer === undefined || stop.aborted) continue;
    const ack = await wire.select(mac, offer);
    if (ack?.message.type === 'ack') told.set(mac, ack.message.yiaddr);
  }
}

const killedUnderLoad: Case = {
  id: 'killed-under-load',
  title: 'kill -9 while clients are being served, again and again',
  source: 'R-50, R-52',
  expected: 'INIT-REBOOT is confirmed to every client that had an ACK',
  run: async (stage) => {
    await serveWide(stage);
    const wire = await stage.wire();
    const told = new Map<string, string>();
    for (let round = 0; round < 2 * scale; round++) {
      const stop = new AbortController();
      const workers = Array.from({ length: 8 }, (_, index) => keepLeasing(wire, round * 8 + index, told, stop.signal));
      const enough = told.size + 30;
      for (let wait = 0; told.size < enough && wait < 3000; wait++) await sleep(10);
      await stage.subject.end('SIGKILL');
      stop.abort();
      await stage.subject.start([network(WIDE)]);
      await Promise.all(workers);
      const sample = [...told].slice(-100);
      const replies = await Promise.all(sample.map(([mac, address]) => wire.reboot(mac, address)));
      const lost = sample.filter(([, address], index) => reply(replies[index]) !== `ack ${address}`);
      same('leases lost', lost.length, 0);
    }
    holds(told.size >= 20, `only ${told.size} clients were served`);
    same('addresses given twice', told.size - new Set(told.values()).size, 0);
  },
};

const tornStore: Case = {
  id: 'torn-lease-store',
  title: 'the last record of the lease store is cut off',
  source: 'R-52',
  expected: 'the server starts; at most that one lease is forgotten, and no address is mixed up',
  run: async (stage) => {
    await stage.serve();
    const wire = await stage.wire();
    const leases = [];
    for (const mac of [A, B, C]) leases.push(some(await wire.lease(mac), 'no lease'));
    await stage.subject.end('SIGKILL');
    const path = stage.subject.storePath;
    // Space that was reserved ahead is zeros.
    const end = readFileSync(path).findLastIndex((byte) => byte !== 0) + 1;
    holds(end > 20 && end <= statSync(path).size, 'the lease store is empty');
    truncateSync(path, end - 5);
    await stage.subject.start([network()]);
    const confirmed: string[] = [];
    for (const { mac, address } of leases) {
      const answer = reply(
        await wire.ask({ type: 'request', mac, options: [[50, address.split('.').map(Number)]] }, {}, 2),
      );
      holds(!answer.startsWith('ack') || answer === `ack ${address}`, `${mac} had ${address}; ${answer}`);
      if (answer.startsWith('ack')) confirmed.push(address);
    }
    holds(confirmed.length >= 2, `only ${confirmed.length} of 3 leases were confirmed`);
  },
};

const relayRate: Case = {
  id: 'relayed-clients-at-a-rate',
  title: 'perfdhcp -u: relayed clients at a steady rate (3,000 a second and 60,000 clients at full scale)',
  source: 'RFC 2131 §4.3.1',
  expected: 'those that are answered each have an address of their own',
  run: async (stage) => {
    await serveWide(stage);
    const guest = await stage.guest('perf', A);
    await guest.run('ip address add 10.78.0.2/16 dev eth0');
    const { program, environment } = programOf('perfdhcp');
    const [rate, seconds] = scale >= 10 ? [3000, 20] : [100, 2];
    const load = ['-4', '-u', '-r', `${rate}`, '-R', '60000', '-p', `${seconds}`, '-W', '1000000', '-l', 'eth0'];
    const command = [program, ...load, '-L', '67', '10.78.0.1'];
    const perfdhcp = new Running(guest.namespace, command, environment);
    stage.keep({ [Symbol.asyncDispose]: async () => void (await perfdhcp.end()) });
    await perfdhcp.line(/^never$/, (seconds + 30) * 1000);
    const all = perfdhcp.lines.join('\n');
    const counts = (name: string): number[] =>
      [...all.matchAll(new RegExp(`^${name}: (\\d+)`, 'gm'))].map(([, digits]) => Number(digits));
    const [, acks = 0] = counts('received packets');
    holds(acks > 0, `no ACK: ${perfdhcp.lines.slice(-3).join(' ')}`);
    same(
      'addresses given twice',
      counts('non unique addresses'),
      [0, 0].slice(0, counts('non unique addresses').length),
    );
  },
};

async function storm(wire: Wire, clients: number): Promise<Map<string, string>> {
  const told = new Map<string, string>();
  const macs = Array.from({ length: clients }, (_, index) => macOf(index));
  const leases = await Promise.all(macs.map((mac) => wire.lease(mac)));
  for (const lease of leases) if (lease !== undefined) told.set(lease.mac, lease.address);
  return told;
}

const stormOfFirstBoots: Case = {
  id: 'storm-of-first-boots',
  title: 'all machines boot for the first time at once, broadcast flag clear (1,500 at full scale)',
  source: 'RFC 2131 §4.1',
  expected: 'all are served, no address twice',
  run: async (stage) => {
    await serveWide(stage);
    const wire = await stage.wire();
    const clients = Math.min(1500, 200 * scale);
    const told = await storm(wire, clients);
    same('clients served', told.size, clients);
    same('different addresses', new Set(told.values()).size, clients);
  },
};

const nodeRebooted: Case = {
  id: 'whole-node-reboots',
  title: 'the server is started again and all machines are in INIT-REBOOT at once (1,500 at full scale)',
  source: 'RFC 2131 §4.3.2; R-52',
  expected: 'all are confirmed in the address they had',
  run: async (stage) => {
    await serveWide(stage);
    const wire = await stage.wire();
    const clients = Math.min(1500, 150 * scale);
    const told = await storm(wire, clients);
    same('clients served before', told.size, clients);
    await stage.subject.end('SIGKILL');
    await stage.subject.start([network(WIDE)]);
    const replies = await Promise.all([...told].map(([mac, address]) => wire.reboot(mac, address)));
    const wrong = [...told.values()].filter((address, index) => reply(replies[index]) !== `ack ${address}`);
    same('machines without their address', wrong.length, 0);
  },
};

export const CROWD_CASES: readonly Case[] = [killedUnderLoad, tornStore, relayRate, stormOfFirstBoots, nodeRebooted];
