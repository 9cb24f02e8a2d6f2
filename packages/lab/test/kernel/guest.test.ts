import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { GuestSeed, Vm } from '@kcore/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GuestHost, openGuestHost } from '../../src/guest/host.ts';
import { guestNamespace, namespaceOf, namespacePath } from '../../src/names.ts';
import { deleteNamespace, namespacesOf } from '../../src/namespaces.ts';
import { isAlive, processesIn, processRef } from '../../src/process.ts';
import { findTools } from '../../src/programs.ts';
import { spawnDetached } from '../../src/spawn.ts';
import { buildWorld } from '../../src/topology/build.ts';
import { UPSTREAM_BRIDGE } from '../../src/topology/world.ts';
import { prepareUdhcpd } from '../../src/world/udhcpd.ts';

const run = promisify(execFile);
const LAB = `g${process.pid}`;
const WORLD = namespaceOf(LAB, 'world');
const scratch = await mkdtemp(join(tmpdir(), 'kct-'));
const changed: string[] = [];

const open = (): Promise<GuestHost> => {
  const { nsenter, udhcpc } = findTools();
  return openGuestHost({
    lab: LAB,
    directory: join(scratch, 'guests'),
    nsenter,
    udhcpc,
    onChanged: (name) => changed.push(name),
  });
};

function vm(name: string, mac: string, uid = `uid-${name}`): Vm {
  const nic = { index: 0, network: 'n', mac, tap: `tap-${name}`, antiSpoofing: false };
  return {
    name,
    uid,
    node: 'node-1',
    cpu: 1,
    memoryBytes: 1,
    storageBackend: 'filesystem',
    disks: [],
    nics: [nic],
    state: 'running',
    hostname: name,
    sshKeys: [],
    restartPolicy: 'always',
    createdAt: '2026-01-01T00:00:00Z',
  };
}

function seed(hostname: string, mac: string, rest: string): GuestSeed {
  const networkConfig = `version: 2\nethernets:\n  eth0:\n    match:\n      macaddress: "${mac}"\n    set-name: eth0\n${rest}`;
  return { metaData: `instance-id: x\nlocal-hostname: ${hostname}\n`, networkConfig, userData: '#cloud-config\n{}\n' };
}

/** What an agent does with an attachment, done by hand: a wire from the second segment into the guest. */
async function plug(name: string, mac: string): Promise<void> {
  const peer = `peer name nic0 address ${mac} netns ${guestNamespace(LAB, name)}`;
  await run('ip', ['-n', WORLD, ...`link add tap-${name} type veth ${peer}`.split(' ')]);
  await run('ip', ['-n', WORLD, 'link', 'set', `tap-${name}`, 'master', UPSTREAM_BRIDGE, 'up']);
}

const STATIC = { mac: '02:00:00:00:00:01', name: 'static' };
const STATIC_REST =
  '    mtu: 1450\n    addresses: ["192.168.50.20/24"]\n    routes:\n      - to: "0.0.0.0/0"\n        via: 192.168.50.1\n    nameservers:\n      addresses: [1.1.1.1]\n';
const DYNAMIC = { mac: '02:00:00:00:00:02', name: 'dynamic' };

async function pingFromWorld(address: string): Promise<void> {
  await eventually(() => run('ip', ['netns', 'exec', WORLD, 'ping', '-c1', '-W1', '-q', address]));
}

interface Shown {
  readonly ifname: string;
  readonly mtu: number;
  readonly addr_info: readonly { family: string; local: string; prefixlen: number }[];
}
async function eth0(name: string): Promise<Shown> {
  const { stdout } = await run('ip', ['-n', guestNamespace(LAB, name), '-j', 'address', 'show', 'eth0']);
  const [link] = JSON.parse(stdout) as Shown[];
  if (link === undefined) throw new Error('no eth0');
  return link;
}

const hosts: GuestHost[] = [];
const host = (): GuestHost => hosts.at(-1) as GuestHost;
const pidOf = (name: string): number | undefined =>
  host()
    .observe()
    .find((guest) => guest.name === name)?.pid;

beforeAll(async () => {
  await buildWorld(LAB);
  const command = await prepareUdhcpd(findTools().udhcpd, scratch, UPSTREAM_BRIDGE);
  await spawnDetached(command, join(scratch, 'udhcpd.log'), {
    netns: namespacePath(WORLD),
    nsenter: findTools().nsenter,
  });
  hosts.push(await open());
});

afterAll(async () => {
  for (const name of await namespacesOf(LAB)) await deleteNamespace(name);
  await rm(scratch, { recursive: true });
});

test('R-14: a guest configures itself from its network-config', async () => {
  const guest = vm(STATIC.name, STATIC.mac);
  const netns = namespacePath(guestNamespace(LAB, STATIC.name));
  expect(await host().prepare(guest)).toEqual([{ netns, name: 'nic0' }]);
  expect(host().observe()).toEqual([{ name: STATIC.name, uid: guest.uid, state: 'prepared' }]);
  await plug(STATIC.name, STATIC.mac);
  await host().start(guest, seed(STATIC.name, STATIC.mac, STATIC_REST));
  await pingFromWorld('192.168.50.20');
  const link = await eth0(STATIC.name);
  expect(link.mtu).toBe(1450);
  expect(link.addr_info.filter(({ family }) => family === 'inet')).toMatchObject([
    { local: '192.168.50.20', prefixlen: 24 },
  ]);
  const { stdout } = await run('ip', ['-n', guestNamespace(LAB, STATIC.name), '-j', 'route', 'show', 'default']);
  expect(JSON.parse(stdout)).toMatchObject([{ gateway: '192.168.50.1', dev: 'eth0' }]);
  expect(await readFile(join(scratch, 'guests', STATIC.name, 'resolv.conf'), 'utf8')).toBe('nameserver 1.1.1.1\n');
  const answer = await eventually(() =>
    run('ip', [
      'netns',
      'exec',
      WORLD,
      process.execPath,
      '-e',
      "fetch('http://192.168.50.20').then((r)=>r.text()).then(console.log)",
    ]),
  );
  expect(answer.stdout).toMatch(/^static \(192\.168\.50\.20\) sees you as 192\.168\.50\.1:\d+/);
});

test('preparing and starting what runs disturbs nothing', async () => {
  const before = pidOf(STATIC.name);
  await host().prepare(vm(STATIC.name, STATIC.mac));
  await host().start(vm(STATIC.name, STATIC.mac), seed(STATIC.name, STATIC.mac, STATIC_REST));
  expect(pidOf(STATIC.name)).toBe(before);
});

test('R-51: a NIC that is pulled and plugged in again is configured again by the guest', async () => {
  await run('ip', ['-n', WORLD, 'link', 'delete', `tap-${STATIC.name}`]);
  await plug(STATIC.name, STATIC.mac);
  await pingFromWorld('192.168.50.20');
});

test('R-44: a guest gets its address from a DHCP server by an unmodified udhcpc', async () => {
  const guest = vm(DYNAMIC.name, DYNAMIC.mac);
  await host().prepare(guest);
  await plug(DYNAMIC.name, DYNAMIC.mac);
  await host().start(guest, seed(DYNAMIC.name, DYNAMIC.mac, '    dhcp4: true\n'));
  const address = await eventually(async () => {
    const found = (await eth0(DYNAMIC.name)).addr_info.find(({ family }) => family === 'inet');
    if (found === undefined) throw new Error('no address');
    return found.local;
  });
  expect(address).toMatch(/^192\.168\.50\.1\d\d$/);
  await pingFromWorld(address);
  expect(await readFile(join(scratch, 'guests', DYNAMIC.name, 'resolv.conf'), 'utf8')).toBe(
    'nameserver 192.168.50.1\n',
  );
});

test("a guest's NIC with DHCP that is plugged in again gets its lease again", async () => {
  const before = (await eth0(DYNAMIC.name)).addr_info.find(({ family }) => family === 'inet')?.local;
  await run('ip', ['-n', WORLD, 'link', 'delete', `tap-${DYNAMIC.name}`]);
  await plug(DYNAMIC.name, DYNAMIC.mac);
  await pingFromWorld(before ?? '');
});

test('a guest outlives its host, and the next host finds it', async () => {
  const before = [pidOf(STATIC.name), pidOf(DYNAMIC.name)];
  hosts.push(await open());
  expect([pidOf(STATIC.name), pidOf(DYNAMIC.name)]).toEqual(before);
});

test('R-52: the end of an adopted guest is reported, and what it had started ends with it', async () => {
  const pid = pidOf(DYNAMIC.name) as number;
  const netns = namespacePath(guestNamespace(LAB, DYNAMIC.name));
  expect(processesIn([netns])).toHaveLength(2);
  changed.splice(0);
  process.kill(pid, 'SIGKILL');
  await eventually(async () => {
    expect(changed).toContain(DYNAMIC.name);
    expect(processesIn([netns])).toEqual([]);
  });
  expect(host().observe()).toContainEqual(expect.objectContaining({ name: DYNAMIC.name, state: 'failed' }));
});

test('a killed guest is reported with how it ended, and can be started again', async () => {
  const guest = vm(DYNAMIC.name, DYNAMIC.mac);
  const config = seed(DYNAMIC.name, DYNAMIC.mac, '    dhcp4: true\n');
  await host().start(guest, config);
  process.kill(pidOf(DYNAMIC.name) as number, 'SIGKILL');
  await eventually(async () => {
    expect(host().observe()).toContainEqual(
      expect.objectContaining({ state: 'failed', message: 'its process was ended by SIGKILL' }),
    );
  });
  await host().start(guest, config);
  expect(processRef(pidOf(DYNAMIC.name) as number)).toBeDefined();
});

test('a stopped guest keeps its namespace and says that it was stopped', async () => {
  changed.splice(0);
  await host().stop(DYNAMIC.name);
  expect(host().observe()).toContainEqual({ name: DYNAMIC.name, uid: `uid-${DYNAMIC.name}`, state: 'stopped' });
  expect(await namespacesOf(LAB)).toContain(guestNamespace(LAB, DYNAMIC.name));
  expect(changed).toEqual([]);
});

test('a VM that was made anew under its name is another guest', async () => {
  const ref = processRef(pidOf(STATIC.name) as number);
  if (ref === undefined) throw new Error('it does not run');
  await host().prepare(vm(STATIC.name, STATIC.mac, 'another'));
  expect(isAlive(ref)).toBe(false);
  expect(host().observe()).toContainEqual({ name: STATIC.name, uid: 'another', state: 'prepared' });
});

test('a removed guest leaves nothing, and removing the absent succeeds', async () => {
  for (const name of [STATIC.name, DYNAMIC.name, 'nobody']) await host().remove(name);
  expect(host().observe()).toEqual([]);
  expect(await namespacesOf(LAB)).toEqual([WORLD]);
});

async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === 50) throw error;
      await sleep(200);
    }
  }
}
