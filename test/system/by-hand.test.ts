import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Background, mustRun, startBackground } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { inNetns, placed, witness } from '../support/namespace.ts';

/**
 * A cluster outside the lab, formed as packages/kctl/README.md tells people to: its commands, and its two configurations
 * word for word but for where their files are. Two machines are two namespaces with a wire between them.
 */

const ROOT = join(import.meta.dirname, '..', '..');
const bin = (name: string): string => join(ROOT, 'node_modules', '.bin', name);
const CONTROLLER = `kct-${process.pid}-ctl`;
const NODE = `kct-${process.pid}-node`;
const running: Background[] = [];
const made: { directory?: string } = {};
const directory = (): string => made.directory ?? '';

async function wire(): Promise<void> {
  for (const netns of [CONTROLLER, NODE]) await mustRun(['ip', 'netns', 'add', netns]);
  await inNetns(CONTROLLER, ...'ip link add eth0 type veth peer name eth0 netns'.split(' '), NODE);
  for (const [netns, address] of [
    [CONTROLLER, '10.0.0.1/24'],
    [NODE, '10.0.0.2/24'],
  ] as const) {
    await inNetns(netns, 'ip', 'address', 'add', address, 'dev', 'eth0');
    await inNetns(netns, 'ip', 'link', 'set', 'eth0', 'up');
    await inNetns(netns, 'ip', 'link', 'set', 'lo', 'up');
  }
  await inNetns(NODE, 'ip', 'route', 'add', 'default', 'via', '10.0.0.1');
}

function kctl(...parameters: readonly string[]): Promise<string> {
  return mustRun(placed(CONTROLLER, [bin('kctl'), ...parameters]), {
    env: { KCORE_CONFIG: join(directory(), 'config') },
  });
}

/** The README's JSON examples, with its directories moved into ours. */
async function configurations(): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, 'packages/kctl/README.md'), 'utf8');
  const blocks = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  return blocks.map((block) =>
    block.replaceAll('/etc/kcore/', `${directory()}/etc/`).replaceAll('/var/lib/kcore/', `${directory()}/var/`),
  );
}

async function start(netns: string, program: string, configuration: string): Promise<Background> {
  const path = join(directory(), `${program}-${running.length}.json`);
  await writeFile(path, configuration, { mode: 0o600 });
  const background = startBackground(placed(netns, [bin(program), '--config', path]));
  running.push(background);
  return background;
}

beforeAll(async () => {
  made.directory = await mkdtemp(join(tmpdir(), 'kct-by-hand-'));
  await mkdir(join(directory(), 'etc'), { mode: 0o700 });
  await mkdir(join(directory(), 'var'), { mode: 0o700 });
  await wire();
});

afterAll(async () => {
  for (const background of running.reverse()) await background.stop();
  for (const netns of [NODE, CONTROLLER]) await mustRun(['ip', 'netns', 'delete', netns]);
  await rm(directory(), { recursive: true, force: true });
});

test('the README makes a cluster whose node is ready and carries a network', async () => {
  await kctl('create', 'cluster', 'prod', '--controller', 'wss://10.0.0.1:7443');
  await kctl('create', 'node-certificate', 'node-1', '--cluster', 'prod');
  await kctl('create', 'node-certificate', 'node-2', '--cluster', 'prod');
  const cluster = join(directory(), 'clusters', 'prod');
  await mustRun([
    'cp',
    ...['ca.crt', 'controller.crt', 'controller.key'].map((name) => join(cluster, name)),
    `${directory()}/etc`,
  ]);
  await mustRun([
    'cp',
    ...['node-1.crt', 'node-1.key', 'node-2.crt', 'node-2.key'].map((name) => join(cluster, 'nodes', name)),
    `${directory()}/etc`,
  ]);
  const [controller = '', agent = ''] = await configurations();
  await start(CONTROLLER, 'kcore-controller', controller);
  await start(NODE, 'kcore-agent', agent);
  await eventually(async () => expect(await kctl('--context', 'prod', 'get', 'nodes')).toMatch(/^node-1 +ready/m), {
    timeoutMs: 30_000,
  });
  await kctl('create', 'network', 'web', '--gateway-ip', '10.100.0.1', '--internal-netmask', '255.255.255.0');
  await eventually(async () => {
    const [link] = await witness(NODE, 'ip', '-j', '-4', 'address', 'show', 'dev', 'kbr-web');
    expect(link.addr_info[0]).toMatchObject({ local: '10.100.0.1', prefixlen: 24 });
  });
});

test('R-56: a node that shows another node’s certificate is refused, and says so', async () => {
  const [, agent = ''] = await configurations();
  const impostor = agent.replace('"node": "node-1"', '"node": "node-2"').replace('/var/agent', '/var/impostor');
  const said = (await start(NODE, 'kcore-agent', impostor)).said;
  await eventually(() => expect(said()).toMatch(/node-1/), { timeoutMs: 20_000 });
  expect(said()).toMatch(/PermissionDenied|Unauthenticated|certificate/);
  expect(await kctl('get', 'nodes')).not.toMatch(/^node-2/m);
});
