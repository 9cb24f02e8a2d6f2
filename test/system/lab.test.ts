import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mustRun, run } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { kctl, openLab } from '../support/lab.ts';
import { ping } from '../support/namespace.ts';

/** The machine's own network, which no lab may touch. */
async function hostNetwork(): Promise<string> {
  const commands = [
    'ip -j link',
    'ip -j address',
    'ip -j route show table all',
    'ip -j rule',
    'bridge -j fdb',
    'nft list ruleset',
  ];
  const said = await Promise.all(commands.map((command) => mustRun(command.split(' '))));
  const sysctls = await Promise.all(
    ['ipv4/ip_forward', 'ipv4/conf/all/forwarding', 'ipv4/conf/all/rp_filter'].map((name) =>
      readFile(`/proc/sys/net/${name}`, 'utf8'),
    ),
  );
  // Lifetimes of addresses count down.
  return [...said, ...sysctls].join('\n').replaceAll(/"(valid|preferred)_life_time":\d+/g, '');
}

async function namespaces(prefix: string): Promise<readonly string[]> {
  return existsSync('/run/netns') ? (await readdir('/run/netns')).filter((name) => name.startsWith(prefix)) : [];
}

/** Command lines of all processes that mention a text. */
async function processesNaming(text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
    if (line.includes(text)) found.push(line.replaceAll('\0', ' '));
  }
  return found;
}

test('two labs run side by side, and what goes down leaves nothing', async () => {
  const before = await hostNetwork();
  const first = await openLab({ nodes: 2, suffix: 'a' });
  try {
    const second = await openLab({ nodes: 2, suffix: 'b' });
    const status = await first.status();
    expect(status).toMatchObject({
      name: first.name,
      context: `lab-${first.name}`,
      controller: { url: `unix:${status.directory}/controller.sock`, pid: expect.any(Number), log: expect.any(String) },
      nodes: [
        { name: 'node-1', netns: first.netns('node-1'), address: '192.168.40.101', pid: expect.any(Number) },
        { name: 'node-2', netns: first.netns('node-2'), address: '192.168.40.102', pid: expect.any(Number) },
      ],
    });
    for (const lab of [first, second]) {
      await lab.ok(
        ...'create network private --type vxlan --gateway-ip 10.250.0.1 --internal-netmask 255.255.255.0'.split(' '),
      );
      await lab.createVm('web-01', '--network', 'private', '--node', 'node-1');
      const address = await lab.createVm('web-02', '--network', 'private', '--node', 'node-2');
      await eventually(() => ping(lab.vmNetns('web-01'), address));
    }
    const { directory } = await second.status();
    expect((await processesNaming(directory)).length).toBeGreaterThan(4);
    expect((await second.lab('down')).code).toBe(0);
    expect(await namespaces(`kcl-${second.name}-`)).toEqual([]);
    expect(existsSync(directory)).toBe(false);
    expect(await processesNaming(directory)).toEqual([]);
    expect((await kctl(['config', 'get-contexts'], { env: second.env })).stdout).not.toContain(`lab-${second.name}`);
    await rm(second.env['XDG_STATE_HOME'] ?? '', { recursive: true });
    // The other one did not notice.
    await ping(first.vmNetns('web-01'), await first.guestAddress('web-02'));
    expect((await first.status()).nodes.map(({ state }) => state)).toEqual(['running', 'running']);
  } finally {
    await first[Symbol.asyncDispose]();
  }
  expect(await namespaces(`kcl-${first.name}-`)).toEqual([]);
  expect(await hostNetwork()).toBe(before);
});

test('a lab that was left half made goes down all the same', async () => {
  const name = `t${process.pid}h`;
  const directory = await mkdtemp(join(tmpdir(), `kct-${name}-`));
  const env = { XDG_STATE_HOME: directory, KCORE_CONFIG: join(directory, 'config') };
  try {
    const up = spawn(join(import.meta.dirname, '../../node_modules/.bin/kctl'), ['lab', 'up', '--name', name], {
      env: { ...process.env, ...env },
      stdio: 'ignore',
    });
    const gone = once(up, 'exit');
    await eventually(async () => expect(await namespaces(`kcl-${name}-node-1`)).toHaveLength(1), { everyMs: 2 });
    up.kill('SIGKILL');
    await gone;
    expect((await kctl(['lab', 'up', '--name', name, '--detach'], { env })).code).toBe(7);
    const down = await kctl(['lab', 'down', '--name', name], { env });
    expect([down.code, down.stderr]).toEqual([0, expect.anything()]);
    expect(await namespaces(`kcl-${name}-`)).toEqual([]);
    expect(await processesNaming(directory)).toEqual([]);
    expect(await readdir(join(directory, 'kcore', 'labs'))).toEqual([]);
  } finally {
    await kctl(['lab', 'down', '--name', name], { env });
    await rm(directory, { recursive: true, force: true });
  }
});

test('bad input and a missing privilege are told with a remedy, and nothing is made', async () => {
  const name = `t${process.pid}n`;
  const directory = await mkdtemp(join(tmpdir(), 'kct-'));
  const env = { XDG_STATE_HOME: directory, KCORE_CONFIG: join(directory, 'config') };
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['lab', 'up', '--name', 'a-b'], 5, /InvalidArgument: lab name 'a-b'/],
    [['lab', 'up', '--name', name, '--nodes', '0'], 5, /InvalidArgument: .*nodes/],
    [['lab', 'up', '--name', name, '--nodes', '2', '--disable-vxlan', 'node-3'], 5, /node-3/],
    [['lab', 'status', '--name', name], 3, /NotFound: lab '/],
    [['lab', 'down', '--name', name], 3, /NotFound: lab '/],
    [['lab', 'node', 'stop', 'node-1', '--name', name], 3, /NotFound: lab '/],
  ];
  try {
    for (const [parameters, code, text] of cases) {
      const result = await kctl(parameters, { env });
      expect([parameters, result.code, result.stderr]).toEqual([parameters, code, expect.stringMatching(text)]);
    }
    const bin = join(import.meta.dirname, '../../node_modules/.bin/kctl');
    const unprivileged = await run(
      ['setpriv', '--reuid', '65534', '--clear-groups', process.execPath, bin, 'lab', 'up', '--name', name],
      { env: { ...env, XDG_STATE_HOME: '/nonexistent', KCORE_CONFIG: '/nonexistent/config' } },
    );
    expect([unprivileged.code, unprivileged.stderr]).toEqual([9, expect.stringMatching(/needs root[\s\S]*sudo/)]);
    expect(await namespaces(`kcl-${name}-`)).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
