import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LEASE_LOG } from '../../src/dhcp/leases/lease-store.ts';
import { Kcore } from '../conformance/kcore.ts';
import { Running } from '../conformance/process.ts';
import { Stage } from '../conformance/stage.ts';

const PROGRAM = join(import.meta.dirname, '../../../../examples/dist/dhcp-server.js');
const MAC = '52:54:00:0b:9d:9f';

let stage: Stage<Kcore>;
beforeEach(async () => {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: build first (npm run build)`);
  stage = await Stage.open('example', (place) => new Kcore(place));
});
afterEach(() => stage[Symbol.asyncDispose]());

/** Starts examples/dhcp-server.ts as its users do. */
function start(...flags: string[]): Running {
  const common = ['--interface', 'br0', '--address', '10.78.0.1/24', '--range', '10.78.0.100-10.78.0.199'];
  const command = [process.execPath, PROGRAM, ...common, '--state', join(stage.directory, 'state'), ...flags];
  const running = new Running(stage.serverNamespace, command);
  stage.keep({ [Symbol.asyncDispose]: async () => void (await running.end()) });
  return running;
}

test('the example serves with what its flags say, and ends at SIGTERM', async () => {
  const program = start(
    ...['--reservation', `${MAC}=10.78.0.50`, '--dns', '9.9.9.9,1.0.0.1', '--mtu', '1400'],
    ...['--lease-seconds', '600', '--option', '224=cafe'],
  );
  expect(await program.line(/^serving/, 45_000)).toBeDefined();
  const guest = await stage.guest('a', MAC);
  const seen = await stage.listen(guest.namespace, 'eth0');
  const bound = await guest.udhcpc('-q', '-n', '-O', 'mtu').event('bound');
  expect(bound).toMatchObject({ address: '10.78.0.50', dns: '9.9.9.9 1.0.0.1', mtu: '1400', lease: '600' });
  expect(seen.frames.at(-1)?.message.options.get(224)?.toString('hex')).toBe('cafe');
  expect(await program.end('SIGTERM')).toBe(0);
  expect(statSync(join(stage.directory, 'state', LEASE_LOG)).mode & 0o777).toBe(0o600);
});

test.each([
  [['--range', '10.78.1.0'], "--range '10.78.1.0': expected two parts with '-' between them"],
  [['--reservation', '52:54=10.78.0.50'], "'52:54' is not a MAC address"],
  [['--speed', '9'], "Unknown option '--speed'"],
])('the example refuses %j and says what is right', async (flags, message) => {
  const program = start(...flags);
  expect(await program.line(/usage: dhcp-server/, 45_000)).toBeDefined();
  expect(program.lines.join('\n')).toContain(`Error: ${message}`);
  await program.line(/^never$/, 30_000);
  expect(program.child.exitCode).toBe(2);
});
