import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { namespaceOf, namespacePath } from '../../src/names.ts';
import { deleteNamespace, namespacesOf } from '../../src/namespaces.ts';
import { processesIn } from '../../src/process.ts';
import { findTools, labProgram } from '../../src/programs.ts';
import { nodeCommand, spawnDetached } from '../../src/spawn.ts';
import { buildWorld, unwireNode, wireController, wireNode } from '../../src/topology/build.ts';
import { UPSTREAM_BRIDGE } from '../../src/topology/world.ts';
import { prepareUdhcpd } from '../../src/world/udhcpd.ts';

const run = promisify(execFile);
const LAB = `k${process.pid}`;
const scratch = await mkdtemp(join(tmpdir(), 'kct-'));

async function inside(member: string, ...command: string[]): Promise<string> {
  return (await run('ip', ['netns', 'exec', namespaceOf(LAB, member), ...command])).stdout;
}

async function startInWorld(command: readonly string[], log: string): Promise<void> {
  const netns = namespacePath(namespaceOf(LAB, 'world'));
  await spawnDetached(command, join(scratch, log), { netns, nsenter: findTools().nsenter });
}

beforeAll(async () => {
  await buildWorld(LAB);
  await wireController(LAB);
  await wireNode(LAB, 'node-1');
  await wireNode(LAB, 'node-2');
  await startInWorld(nodeCommand(labProgram('world/main.js'), 32), 'world.log');
  await startInWorld(await prepareUdhcpd(findTools().udhcpd, scratch, UPSTREAM_BRIDGE), 'udhcpd.log');
});

afterAll(async () => {
  for (const name of await namespacesOf(LAB)) await deleteNamespace(name);
  expect(await namespacesOf(LAB)).toEqual([]);
  await rm(scratch, { recursive: true });
});

test('a node has eno1 with its address and default route, and an empty eno2', async () => {
  const links = JSON.parse(await inside('node-2', 'ip', '-j', 'address')) as {
    ifname: string;
    operstate: string;
    addr_info: { local: string; prefixlen: number }[];
  }[];
  const shown = links.map(({ ifname, addr_info }) => [
    ifname,
    ...addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  ]);
  expect(shown).toEqual([['lo', '127.0.0.1/8', '::1/128'], ['eno1', '192.168.40.102/24'], ['eno2']]);
  expect(links.slice(1).map(({ operstate }) => operstate)).toEqual(['UP', 'UP']);
  const [route] = JSON.parse(await inside('node-2', 'ip', '-j', 'route', 'show', 'default'));
  expect(route).toMatchObject({ gateway: '192.168.40.1', dev: 'eno1' });
});

test('nodes reach each other, the controller and the outside', async () => {
  for (const target of ['192.168.40.102', '192.168.40.10', '192.168.40.1', '203.0.113.10']) {
    await inside('node-1', 'ping', '-c1', '-W2', '-q', target);
  }
});

test('the outside says whom it sees, over TCP and UDP', async () => {
  const ask = (script: string) => inside('node-1', process.execPath, '-e', script);
  const tcp = await eventually(() =>
    ask("require('net').connect(80,'203.0.113.10').on('data',(d)=>{console.log(String(d));process.exit()})"),
  );
  expect(tcp).toMatch(/^the world sees you as 192\.168\.40\.101:\d+/);
  const http = await ask("fetch('http://203.0.113.10/').then((r)=>r.text()).then((t)=>console.log(t))");
  expect(http).toMatch(/^the world sees you as 192\.168\.40\.101:\d+/);
  const udp = await ask(
    "const s=require('dgram').createSocket('udp4');s.on('message',(m)=>{console.log(String(m));s.close()});s.connect(7,'203.0.113.10',()=>s.send('hello'))",
  );
  expect(udp).toMatch(/^the world sees you as 192\.168\.40\.101:\d+: hello/);
});

test('R-11: the second segment has a DHCP server', async () => {
  await eventually(() =>
    inside('node-1', 'udhcpc', '-i', 'eno2', '-n', '-q', '-f', '-s', '/bin/true', '-t', '3', '-T', '1'),
  );
  const leases = await readFile(join(scratch, 'udhcpd.log'), 'utf8');
  expect(leases).toMatch(/sending ACK to 192\.168\.50\.1\d\d/);
});

test('the world routes for nobody', async () => {
  expect((await inside('world', 'cat', '/proc/sys/net/ipv4/ip_forward')).trim()).toBe('0');
  expect(JSON.parse(await inside('world', 'ip', '-j', 'route', 'show', 'default'))).toEqual([]);
});

test('a node is unwired at once, and twice does no harm', async () => {
  await wireNode(LAB, 'node-7');
  await unwireNode(LAB, 'node-7');
  await unwireNode(LAB, 'node-7');
  const ports = JSON.parse(await inside('world', 'ip', '-j', 'link', 'show')) as { ifname: string }[];
  expect(ports.map(({ ifname }) => ifname).filter((name) => name.startsWith('n7-'))).toEqual([]);
  await deleteNamespace(namespaceOf(LAB, 'node-7'));
});

test('what runs in a namespace is found by it', async () => {
  const found = processesIn([namespacePath(namespaceOf(LAB, 'world'))]);
  expect(found).toHaveLength(2);
  expect(processesIn([namespacePath(namespaceOf(LAB, 'ctl'))])).toEqual([]);
});

async function eventually(ask: () => Promise<string>): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === 20) throw error;
      await sleep(200);
    }
  }
}
