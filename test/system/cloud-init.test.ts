import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BootTimes, bootTimes } from '../support/boot-times.ts';
import { type CommandResult, mustRun, startBackground } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { guestImage } from '../support/guest-image.ts';
import { openLab, type TestLab } from '../support/lab.ts';
import { type Login, logIn, logInWithoutKey } from '../support/login.ts';
import { capture, packets, ping, placed, startPing } from '../support/namespace.ts';

/*
 * Debian's own cloud-init, network stack and sshd in two virtual machines that all of these tests share, since each boot takes
 * a minute under emulation: `first` on node-1 with a NIC on a NAT network and one on an overlay, `second` on node-2 with one on the overlay.
 */

const EXTERNAL = '192.168.40.101';
const OUTSIDE = '203.0.113.10';
const DISK = 2 * 1024 ** 3;
const BOOT_MS = 600_000;
const MANIFEST = `kind: Network
metadata: {name: private}
spec:
  type: vxlan
  gatewayIp: 10.250.0.1
  internalNetmask: 255.255.255.0
  dhcp: {dns: [10.250.0.53], domain: corp.example}
---
kind: Network
metadata: {name: shop}
spec:
  type: nat
  externalIp: ${EXTERNAL}
  gatewayIp: 10.60.0.1
  internalNetmask: 255.255.255.0
  nodes: [{name: node-1}]
`;
const FORWARDS = `  forwards:
    - {protocol: tcp, port: 8080, vm: first, targetPort: 80}
    - {protocol: tcp, port: 2222, vm: first, targetPort: 22}
`;
const USER_DATA = `#cloud-config
write_files:
  - {path: /srv/www/index.html, content: "served by the first\\n"}
runcmd:
  - [busybox, httpd, -p, "80", -h, /srv/www]
  - [sh, -c, "echo done > /var/lib/runcmd"]
`;

const opened: TestLab[] = [];
const lab = (): TestLab => opened[0] as TestLab;

interface Nic {
  /** In the guest. */
  readonly name: string;
  readonly address: string;
  readonly mac: string;
}
interface Guest {
  readonly name: string;
  readonly node: string;
  readonly uid: string;
  /** As the controller says: the one on the overlay, and the one on NAT. */
  readonly overlay: Nic;
  readonly nat?: Nic;
  readonly times: BootTimes;
  /** What its node says of its start. */
  readonly started: string;
  readonly login: Login;
}
const guests: Guest[] = [];
const first = (): Guest => guests[0] as Guest;
const second = (): Guest => guests[1] as Guest;
/** When the creation of `first` began and ended, and when the controller took it; milliseconds of the Unix epoch. */
interface Creation {
  readonly begun: number;
  readonly ended: number;
  readonly at: number;
}
const shown: { waited?: CommandResult; created?: Creation } = {};

const keyFile = (): string => join(lab().directory, 'key');
const statusOf = async (vm: string) => (await lab().json('get', 'vms', vm)).status;

beforeAll(async () => {
  opened.push(await openLab({ nodes: 2, runtime: 'qemu' }));
  const image = await guestImage(lab(), 'debian');
  await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', keyFile()]);
  await lab().ok('create', 'ssh-key', 'tester', '--file', `${keyFile()}.pub`);
  await lab().apply(MANIFEST);
  const userData = join(lab().directory, 'user-data');
  await writeFile(userData, USER_DATA);
  const machine = ['--image', image, '--image-format', 'qcow2', '--cpus', '1', '--memory', '512'];
  const common = [...machine, '--disk-size', '2G', '--ssh-key', 'tester'];
  const begun = Date.now();
  // Its default route is the first NIC's, where the answers to who comes by a forward have to go.
  const networks = ['--network', 'shop', '--network', 'private'];
  const created = await lab().json(
    ...['create', 'vm', 'first', ...common, ...networks, '--user-data', userData, '--node', 'node-1'],
  );
  shown.created = { begun, ended: Date.now(), at: Date.parse(created.status.createdAt) };
  const one = bootedGuest(created);
  await lab().apply(`${MANIFEST}${FORWARDS}`);
  const waiting = ['--wait', '--timeout', '10m'];
  const waited = lab().kctl(
    'create',
    'vm',
    'second',
    ...common,
    '--network',
    'private',
    '--node',
    'node-2',
    ...waiting,
  );
  const other = eventually(() => lab().json('get', 'vm', 'second')).then(bootedGuest);
  guests.push(...(await Promise.all([one, other])));
  shown.waited = await waited;
}, BOOT_MS);
afterAll(async () => {
  for (const { login } of guests) await login[Symbol.asyncDispose]();
  for (const one of opened) await one[Symbol.asyncDispose]();
});

/** @param created as `kctl -o json` shows it. */
// biome-ignore lint/suspicious/noExplicitAny: as `witness`.
async function bootedGuest({ metadata: { name }, status: { uid, node, nics } }: any): Promise<Guest> {
  const netns = lab().netns(node);
  const on = (network: string): Nic | undefined => {
    const nic = nics.find((each: { network: string }) => each.network === network);
    return nic === undefined ? undefined : { name: `eth${nic.index}`, address: nic.address, mac: nic.mac };
  };
  const [overlay, nat] = [on('private'), on('shop')];
  if (overlay === undefined) throw new Error(`VM ${name} is not on the overlay`);
  const { address } = overlay;
  const times = await bootTimes({ uid, netns, address });
  const login = await logIn({ netns, address, key: keyFile(), directory: lab().directory });
  const { status } = await lab().json('describe', 'node', node);
  const { message: started } = status.events.find(({ object }: { object?: string }) => object === `vm/${name}`);
  return { name, node, uid, overlay, ...(nat === undefined ? {} : { nat }), times, started, login };
}

/** What `ip -j address` of a guest says of one of its NICs. */
async function linkOf({ login }: Guest, { name }: Nic) {
  const [link] = await login.json(`ip -j address show dev ${name}`);
  return {
    mtu: link.mtu,
    mac: link.address,
    addresses: link.addr_info.filter((each: { family: string }) => each.family === 'inet'),
  };
}

/** One page of HTTP, from a network namespace. */
function fetched(netns: string, url: string): Promise<string> {
  const script = `fetch(${JSON.stringify(url)}).then((answer) => answer.text()).then((text) => process.stdout.write(text))`;
  return mustRun(placed(netns, [process.execPath, '-e', script]));
}

/** Sequence numbers that are missing before the last answer. Those on their way when ping ended say nothing. */
function lost(text: string): readonly number[] {
  const answered = new Set([...text.matchAll(/icmp_seq=(\d+)/g)].map(([, number]) => Number(number)));
  return Array.from({ length: Math.max(...answered) }, (_, index) => index + 1).filter(
    (number) => !answered.has(number),
  );
}

describe('what cloud-init made of its seed', () => {
  test('R-41: kctl create vm --wait ended with the guest; it is ready when its cloud-init has finished', async () => {
    expect(shown.waited).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/the guest answers|cloud-init has finished/),
    });
    for (const name of ['first', 'second']) expect((await statusOf(name)).guest).toBe('ready');
  });

  test('R-14: a NIC on the overlay has the address, MTU, route, resolver and domain that the cluster says', async () => {
    for (const guest of [first(), second()]) {
      const { name, address, mac } = guest.overlay;
      expect(await linkOf(guest, guest.overlay)).toMatchObject({
        mtu: 1450,
        mac,
        addresses: [{ local: address, prefixlen: 24 }],
      });
      const routes: object[] = await guest.login.json('ip -j -4 route show default');
      expect(routes).toContainEqual(expect.objectContaining({ gateway: '10.250.0.1', dev: name }));
      const resolvers = await guest.login.run('cat /run/systemd/resolve/resolv.conf');
      expect(resolvers).toMatch(/^nameserver 10\.250\.0\.53$/m);
      expect(resolvers).toMatch(/^search .*corp\.example/m);
    }
    expect(first().overlay.address).not.toBe(second().overlay.address);
  });

  test('R-14: host name, and an instance that is the life of the VM', async () => {
    for (const { name, uid, login } of [first(), second()]) {
      expect(await login.run('hostname; cat /var/lib/cloud/data/instance-id')).toBe(`${name}\n${uid}\n`);
    }
  });

  test('the user data is obeyed: a file was written, a command was run', async () => {
    expect(await first().login.run('cat /srv/www/index.html /var/lib/runcmd')).toBe('served by the first\ndone\n');
  });

  test('nobody is let in without a key', async () => {
    const options = {
      netns: lab().netns('node-1'),
      address: first().overlay.address,
      key: keyFile(),
      directory: lab().directory,
    };
    const tried = await logInWithoutKey(options);
    expect([tried.code, tried.stderr]).toEqual([255, expect.stringContaining('Permission denied (publickey)')]);
    const shadow = await first().login.run('sudo cat /etc/shadow');
    for (const line of shadow.trim().split('\n')) expect(line.split(':')[1]).toMatch(/^[!*]/);
  });

  test('the disk is as large as it was asked to be, and the file system with it', async () => {
    expect(Number(await second().login.run('cat /sys/block/vda/size')) * 512).toBe(DISK);
    expect(Number(await second().login.run('df --output=size -B1 / | tail -n 1'))).toBeGreaterThan(0.9 * DISK);
  });
});

describe('what the guests reach', () => {
  test('R-19: each other across the overlay, up to its MTU and not a byte more', async () => {
    const tunnel = await capture(lab().netns('node-1'), 'eno1', 'udp port 4789');
    for (const [from, to] of [
      [first(), second()],
      [second(), first()],
    ] as const) {
      const { address } = to.overlay;
      expect(await from.login.run(`ping -c 3 -i 0.2 -M do -s 1422 ${address}`)).toContain(' 3 received');
      const larger = await from.login.run(`ping -c 1 -W 2 -M do -s 1423 ${address} 2>&1 || true`);
      expect(larger).toContain('message too long, mtu=1450');
    }
    // Ethernet, IPv4, UDP and VXLAN are 64 bytes more than the guest's packet and its Ethernet header.
    const seen = packets(await tunnel.stop('SIGINT')).filter((line) => line.includes('length 1514:'));
    expect(seen.length).toBeGreaterThanOrEqual(12);
  });

  test('R-17: the world, by the address of the node, from the overlay', async () => {
    const { login } = second();
    expect(await login.run(`ping -c 2 -i 0.2 ${OUTSIDE}`)).toContain(' 2 received');
    const seen = await login.run(`bash -c 'exec 3<>/dev/tcp/${OUTSIDE}/80; head -n 1 <&3'`);
    expect(seen).toMatch(/^the world sees you as 192\.168\.40\.102:\d+$/m);
  });

  test('R-44: a NIC on NAT asked DHCP, and has the lease that the cluster shows', async () => {
    const { nat } = first();
    if (nat === undefined) throw new Error('it has no NIC on NAT');
    const { name, address, mac } = nat;
    expect(await linkOf(first(), nat)).toMatchObject({
      mac,
      addresses: [{ local: address, prefixlen: 24, dynamic: true }],
    });
    const leases = (await lab().json('get', 'leases')).items.map(({ status }: { status: object }) => status);
    expect(leases).toContainEqual(
      expect.objectContaining({ address, mac, network: 'shop', node: 'node-1', vm: 'first' }),
    );
    const routes: object[] = await first().login.json('ip -j -4 route show default');
    expect(routes).toContainEqual(expect.objectContaining({ gateway: '10.60.0.1', dev: name, protocol: 'dhcp' }));
  });

  test('R-06: forwards are reached from the world: a page, and a login', async () => {
    const world = lab().netns('world');
    expect(await fetched(world, `http://${EXTERNAL}:8080/`)).toBe('served by the first\n');
    const directory = lab().directory;
    await using login = await logIn({ netns: world, address: EXTERNAL, port: 2222, key: keyFile(), directory });
    expect(await login.run('hostname')).toBe('first\n');
  });
});

describe('the console', () => {
  test('kctl logs has what the guest said as it booted', async () => {
    const said = await lab().ok('logs', 'first');
    for (const part of ['SYSLINUX', 'Cloud-init v. ', 'first login: ']) expect(said).toContain(part);
    expect((await lab().ok('logs', 'first', '--tail', '3')).trim().split('\n').length).toBeLessThanOrEqual(3);
  });

  test('kctl console: a key that is pressed is answered', async () => {
    const program = join(import.meta.dirname, '..', '..', 'node_modules', '.bin', 'kctl');
    const words = [program, 'console', 'second', '--context', `lab-${lab().name}`];
    const environment = Object.entries(lab().env).map(([name, value]) => `${name}=${value}`);
    const script = 'exec "$@" < <(while sleep 1; do echo; done)';
    const console = startBackground(['bash', '-c', script, 'bash', 'env', ...environment, ...words]);
    try {
      await eventually(() => expect(console.said()).toContain('second login: '), { timeoutMs: 30_000 });
    } finally {
      await console.stop();
    }
  });
});

describe('what befalls them', () => {
  test('R-52: an agent that restarts costs no packet, of the node or of the other guest', async () => {
    const { pid } = await statusOf('first');
    const { address } = first().overlay;
    const across = second().login.start(`ping -n -i 0.02 ${address}`);
    const pings = await startPing(lab().netns('node-1'), address);
    await lab().lab('node', 'stop', 'node-1');
    await lab().lab('node', 'start', 'node-1');
    await eventually(async () => expect(await statusOf('first')).toMatchObject({ state: 'running', pid }));
    for (const text of [(await pings.stop()).text, await across.stop('SIGINT')]) {
      expect(text.split('icmp_seq=').length).toBeGreaterThan(50);
      expect(lost(text)).toEqual([]);
    }
    expect((await statusOf('first')).guest).toBe('ready');
  });

  test('kctl stop presses the power button, and the guest goes down in order', async () => {
    const { pid } = await statusOf('second');
    const directory = `/proc/${pid}/cwd`;
    expect((await stat(directory)).isDirectory()).toBe(true);
    await lab().ok('stop', 'vm', 'second');
    await eventually(async () => expect((await statusOf('second')).state).toBe('stopped'), { timeoutMs: 90_000 });
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await lab().ok('logs', 'second')).toMatch(/Reached target.*[Pp]ower.*[Oo]ff/);
  });

  test(
    'a QEMU that is killed is started again, with its address and disk',
    async () => {
      const { name, overlay } = first();
      const before = await statusOf(name);
      const disk = async (pid: number) => (await stat(`/proc/${pid}/cwd/disk-0.qcow2`)).ino;
      const inode = await disk(before.pid);
      process.kill(before.pid, 'SIGKILL');
      const after = await eventually(
        async () => {
          const status = await statusOf(name);
          expect(status).toMatchObject({ state: 'running', restarts: 1 });
          expect(status.pid).not.toBe(before.pid);
          return status;
        },
        { timeoutMs: 30_000 },
      );
      expect(await disk(after.pid)).toBe(inode);
      expect(after.nics).toEqual(before.nics);
      const answer = () => ping(lab().netns('node-1'), overlay.address, { count: 1 });
      await eventually(answer, { timeoutMs: BOOT_MS });
    },
    BOOT_MS,
  );
});

test('the time from kctl create vm to the first ping, by step', async () => {
  const { begun, ended, at } = shown.created ?? { begun: 0, ended: 0, at: 0 };
  const { times } = first();
  const steps = {
    'kctl, until it ended': ended - begun,
    'kctl, until the controller took it': at - begun,
    'controller and agent, until QEMU was executed': times.qemu - at,
    'firmware, until the boot loader': times.firmware - times.qemu,
    'boot loader and kernel, until systemd': times.systemd - times.firmware,
    'systemd and cloud-init, until a ping': times.ping - times.systemd,
    'in all, until a ping': times.ping - begun,
    'cloud-init, until it had finished': times.finished - times.ping,
  };
  const lines = Object.entries(steps).map(([step, took]) => `${String(Math.round(took)).padStart(8)} ms  ${step}`);
  process.stdout.write(`\n${lines.join('\n')}\n   agent: ${first().started}\n`);
  expect(times.qemu).toBeGreaterThan(begun);
});
