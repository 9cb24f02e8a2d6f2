import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { formatIpv4 } from '@kcore/contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LEASE_LOG } from '../../src/dhcp/leases/lease-store.ts';
import { decodeChange } from '../../src/dhcp/log/lease-record.ts';
import { readLog } from '../../src/dhcp/log/log-format.ts';
import { systemClock } from '../../src/loop/system-clock.ts';
import { DhcpLab, type RawClient } from '../support/dhcp-lab.ts';

const PROGRAM = join(import.meta.dirname, '../../../../examples/dist/dhcp-server.js');
const scale = Number(process.env['KCORE_TEST_SCALE'] ?? 1);

let lab: DhcpLab;
beforeEach(() => {
  lab = new DhcpLab('crash');
  lab.bridge('br0', '10.78.0.1/16');
});
afterEach(() => lab[Symbol.asyncDispose]());

interface Program {
  readonly child: ChildProcess;
  /** All it wrote after it was ready. */
  readonly said: string[];
}

/** Starts examples/dhcp-server.ts as its users do; resolves when it serves. */
async function serve(...more: string[]): Promise<Program> {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: build first (npm run build)`);
  const flags = ['--interface', 'br0', '--address', '10.78.0.1/16', '--range', '10.78.1.0-10.78.250.255'];
  const { child, lines } = lab.spawn(
    lab.serverNamespace,
    process.execPath,
    ...[PROGRAM, ...flags, '--state', join(lab.directory, 'state'), '--no-probe', ...more],
  );
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    void (async () => {
      for await (const line of lines) {
        if (line.startsWith('serving')) resolve();
        else said.push(line);
      }
      reject(new Error(`the server ended: ${said.join('\n')}`));
    })();
  });
  return { child, said };
}

async function kill(program: Program, signal: NodeJS.Signals): Promise<number | null> {
  const ended = once(program.child, 'exit');
  program.child.kill(signal);
  const [status] = await ended;
  return status;
}

function stored(): Map<string, string> {
  const path = join(lab.directory, 'state', LEASE_LOG);
  const leases = new Map<string, string>();
  for (const payload of readLog(readFileSync(path), path).payloads) {
    if (payload.length === 0) continue;
    const change = decodeChange(payload);
    if (change.change === 'lease') leases.set(change.lease.mac, formatIpv4(change.lease.address));
  }
  return leases;
}

/** New clients, one after the other, until told to stop; notes each lease whose ACK arrived. */
async function load(
  raw: RawClient,
  round: number,
  worker: number,
  told: Map<string, string>,
  stop: AbortSignal,
): Promise<void> {
  for (let count = 0; !stop.aborted; count++) {
    const bytes = [0x02, round, worker, count >> 16, (count >> 8) & 255, count & 255];
    const mac = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
    const offer = await raw.ask({ type: 'discover', mac }, 100);
    if (offer === undefined) continue;
    const requested = formatIpv4(offer.packet.yiaddr);
    const ack = await raw.ask({ type: 'request', mac, requested, server: '10.78.0.1' }, 100);
    if (ack !== undefined) told.set(mac, formatIpv4(ack.packet.yiaddr));
  }
}

test('R-50, facts 26: killed again and again under load, every lease that was acknowledged is there', {
  timeout: 60_000 * scale,
}, async () => {
  const client = lab.client('a', 'br0', '52:54:00:00:00:01');
  const raw = await lab.raw(client);
  const told = new Map<string, string>();
  for (let round = 0; round < 5 * scale; round++) {
    const program = await serve();
    const stop = new AbortController();
    const workers = Array.from({ length: 16 }, (_, worker) => load(raw, round, worker, told, stop.signal));
    await systemClock.sleep(150 + ((round * 37) % 100));
    await kill(program, 'SIGKILL');
    stop.abort();
    await Promise.all(workers);
    const there = stored();
    const lost = [...told].filter(([mac, address]) => there.get(mac) !== address);
    expect(lost, `round ${round}`).toEqual([]);
  }
  expect(told.size).toBeGreaterThan(100);
  expect(new Set(told.values()).size).toBe(told.size);
});

test('the example serves with what its flags say, and ends at SIGTERM', async () => {
  const client = lab.client('a', 'br0', '52:54:00:0b:9d:9f');
  const program = await serve(
    ...['--reservation', '52:54:00:0b:9d:9f=10.78.0.50', '--dns', '9.9.9.9,1.0.0.1', '--mtu', '1400'],
    ...['--lease-seconds', '600', '--option', '224=cafe'],
  );
  const seen = await lab.witness(client, 'eth0', async () => {
    const bound = await lab.lease(client, '-O', 'mtu');
    expect(bound?.values).toMatchObject({ ip: '10.78.0.50', dns: '9.9.9.9 1.0.0.1', mtu: '1400', lease: '600' });
  });
  expect(seen).toMatch(/\(224\), length 2: 51966/);
  expect(await kill(program, 'SIGTERM')).toBe(0);
  expect(statSync(join(lab.directory, 'state', LEASE_LOG)).mode & 0o777).toBe(0o600);
});

test.each([
  [['--range', '10.78.1.0'], "--range '10.78.1.0': expected two parts with '-' between them"],
  [['--reservation', '52:54=10.78.0.50'], "'52:54' is not a MAC address"],
  [['--speed', '9'], "Unknown option '--speed'"],
])('the example refuses %j and says what is right', async (flags, message) => {
  const all = [
    PROGRAM,
    '--interface',
    'br0',
    '--address',
    '10.78.0.1/16',
    '--range',
    '10.78.1.0-10.78.2.0',
    '--state',
    join(lab.directory, 'state'),
    ...flags,
  ];
  const result = await new Promise<{ status: unknown; text: string }>((resolve) => {
    execFile('ip', ['netns', 'exec', lab.serverNamespace, process.execPath, ...all], (error, _, stderr) =>
      resolve({ status: error?.code, text: stderr }),
    );
  });
  expect(result.status).toBe(2);
  expect(result.text).toContain(`Error: ${message}`);
  expect(result.text).toContain('usage: dhcp-server');
});
