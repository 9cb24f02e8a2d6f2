import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startBackground } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { type TestLab, withLab } from '../support/lab.ts';
import { inNetns } from '../support/namespace.ts';

/** What the agent's system calls show, with strace as the witness. */

/** Seconds of idleness watched: a minute at full scale, and the audit that comes with it. */
const idleSeconds = Math.min(65, 12 * Number(process.env['KCORE_TEST_SCALE'] ?? '1'));

async function agentPid(lab: TestLab, node: string): Promise<number> {
  const { nodes } = await lab.status();
  const pid = nodes.find(({ name }) => name === node)?.pid;
  if (pid === undefined) throw new Error(`${node} has no agent`);
  return pid;
}

/** Follows every thread of a process; resolves when strace is attached. */
async function trace(pid: number, calls: string, ...format: readonly string[]) {
  const strace = startBackground([
    'strace',
    '-f',
    '-qq',
    '-s',
    '16',
    ...format,
    '-e',
    `trace=${calls}`,
    '-p',
    String(pid),
  ]);
  await eventually(() => {
    if (!/^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) throw new Error('not attached yet');
  });
  return strace;
}

/** The types of the messages that one traced call sent over netlink. */
function messageTypes(line: string): readonly number[] {
  return [...line.matchAll(/nlmsg_type=(0x[0-9a-f]+|\d+)/g)].map(([, type]) => Number(type));
}

/** Requests that only look: every fourth of rtnetlink's, every third of nftables' and the second of conntrack's types. */
function looks(type: number): boolean {
  const [subsystem, message] = [type >> 8, type & 0xff];
  if (subsystem === 0) return type >= 16 && type % 4 === 2;
  return subsystem === 1 ? message === 1 : message % 3 === 1;
}

/** AF_NETLINK is 16. */
const netlinkCalls = (said: string): readonly string[] =>
  said.split('\n').filter((line) => /sa_family=(0x10|16)\b/.test(line));

/** Requests that change something. A call of which no type can be read counts as one. */
function writes(said: string): readonly string[] {
  return netlinkCalls(said).filter((line) => {
    const types = messageTypes(line);
    return types.length === 0 || !types.every(looks);
  });
}

it('R-51: an idle agent writes nothing to the kernel', async () => {
  await withLab({ nodes: 1, suffix: 'q' }, async (lab) => {
    await lab.ok(
      'create',
      'network',
      'private',
      '--type',
      'vxlan',
      '--gateway-ip',
      '10.250.0.1',
      '--internal-netmask',
      '255.255.255.0',
    );
    await lab.createVm('idle-01', '--network', 'private');
    await sleep(2_000);
    const strace = await trace(await agentPid(lab, 'node-1'), 'sendmsg,sendto,sendmmsg,execve', '-X', 'raw');
    await sleep(idleSeconds * 1000);
    const idle = strace.said();
    expect(writes(idle)).toEqual([]);
    // The same eyes see the looks of the audit, and a repair.
    if (idleSeconds >= 60) expect(netlinkCalls(idle)).not.toEqual([]);
    await inNetns(lab.netns('node-1'), 'ip', 'address', 'flush', 'dev', 'kbr-private');
    await eventually(() => expect(writes(strace.said())).not.toEqual([]));
    await strace.stop('SIGINT');
  });
});

it('R-55: an agent executes no program, through the life of networks and guests', async () => {
  await withLab({ nodes: 1, suffix: 'x' }, async (lab) => {
    const strace = await trace(await agentPid(lab, 'node-1'), 'execve,execveat,clone,clone3,fork,vfork');
    await lab.ok(
      ...['create', 'network', 'private', '--external-ip', '192.168.40.105', '--gateway-ip', '10.250.0.1'],
      ...['--internal-netmask', '255.255.255.0', '--type', 'vxlan'],
    );
    await lab.ok(
      ...['create', 'network', 'web', '--type', 'nat', '--external-ip', '192.168.40.101', '--gateway-ip', '10.100.0.1'],
      ...['--internal-netmask', '255.255.255.0', '--forward', 'tcp:8080:10.100.0.100:80'],
    );
    await lab.ok('create', 'network', 'lan', '--type', 'bridge', '--uplink', 'eno2');
    for (const network of ['private', 'web', 'lan', 'default']) {
      await lab.createVm(`on-${network}`, '--network', network);
    }
    await inNetns(lab.netns('node-1'), 'nft', 'flush', 'ruleset');
    await eventually(async () => {
      expect(await inNetns(lab.netns('node-1'), 'nft', 'list', 'tables')).toContain('table ip kcore');
    });
    for (const network of ['private', 'web', 'lan', 'default']) await lab.ok('delete', 'vm', `on-${network}`);
    for (const network of ['private', 'web', 'lan']) await lab.ok('delete', 'network', network);
    await eventually(async () => {
      expect(await inNetns(lab.netns('node-1'), 'ip', '-br', 'link')).not.toContain('kbr-web');
    });
    const said = await strace.stop('SIGINT');
    // Threads are its own; a process or another program would not be.
    expect(said).toMatch(/clone3?\(/);
    expect(said.split('\n').filter((line) => /exec/.test(line))).toEqual([]);
    expect(said.split('\n').filter((line) => /(fork|clone3?)\(/.test(line) && !/CLONE_THREAD/.test(line))).toEqual([]);
  });
});
