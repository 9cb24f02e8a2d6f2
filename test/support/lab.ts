import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Background, type CommandOptions, type CommandResult, mustRun, run, startBackground } from './command.ts';
import { eventually } from './eventually.ts';
import { placed } from './namespace.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const KCTL = join(ROOT, 'node_modules', '.bin', 'kctl');

/** What `kctl lab status -o json` says. */
export interface LabStatus {
  readonly name: string;
  readonly context: string;
  readonly directory: string;
  readonly controller: { readonly url: string; readonly pid?: number; readonly log: string };
  readonly nodes: readonly {
    readonly name: string;
    readonly netns: string;
    readonly address: string;
    readonly state: string;
    readonly pid?: number;
    readonly log: string;
  }[];
}

export interface LabOptions {
  readonly nodes?: number;
  readonly disableVxlan?: readonly string[];
  readonly runtime?: 'namespace' | 'qemu';
  /** For its programs. */
  readonly env?: Readonly<Record<string, string>>;
  /** Distinguishes labs of one test process. */
  readonly suffix?: string;
}

/** A lab of a test, driven by the real `kctl`. Its state and its kctl configuration are in a directory of their own. */
export interface TestLab extends AsyncDisposable {
  readonly name: string;
  /** All of its files; removed with it. */
  readonly directory: string;
  /** Namespaces by member: `world`, `ctl`, `node-1`. */
  netns(member: string): string;
  vmNetns(vm: string): string;
  /** `kctl … --context lab-<name>`. */
  kctl(...parameters: readonly string[]): Promise<CommandResult>;
  /** Its standard output. @throws unless it ends with status 0. */
  ok(...parameters: readonly string[]): Promise<string>;
  /** `ok` with `-o json`, parsed. */
  // biome-ignore lint/suspicious/noExplicitAny: as `witness`.
  json(...parameters: readonly string[]): Promise<any>;
  apply(manifest: string): Promise<string>;
  /** `kctl lab … --name <name>`. */
  lab(...parameters: readonly string[]): Promise<CommandResult>;
  status(): Promise<LabStatus>;
  /** Makes a VM and resolves with its address when it answers a ping of its own node, or without when it needs none. */
  createVm(vm: string, ...parameters: readonly string[]): Promise<string>;
  /** The address that the guest really has on eth0. */
  guestAddress(vm: string): Promise<string>;
  /** Kills the controller at once, with SIGKILL, and starts it again as its service would. */
  restartController(): Promise<void>;
  /** Environment for a `kctl` of one's own. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runs the real kctl. */
export function kctl(parameters: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return run([KCTL, ...parameters], options);
}

/** Brings a lab up, named by this process; labs that dead test processes left are taken down first. */
export async function openLab(options: LabOptions = {}): Promise<TestLab> {
  await sweep();
  const name = `t${process.pid}${options.suffix ?? ''}`;
  const directory = await mkdtemp(join(tmpdir(), `kct-${name}-`));
  const env = { ...options.env, XDG_STATE_HOME: directory, KCORE_CONFIG: join(directory, 'config') };
  const disabled = (options.disableVxlan ?? []).flatMap((node) => ['--disable-vxlan', node]);
  const lab = testLab(name, directory, env);
  try {
    const up = await lab.lab(
      'up',
      '--nodes',
      String(options.nodes ?? 3),
      '--detach',
      ...disabled,
      '--runtime',
      options.runtime ?? 'namespace',
    );
    if (up.code !== 0) throw new Error(`kctl lab up: exit status ${up.code}\n${up.stdout}${up.stderr}`);
    return lab;
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** A lab for the time of a function. */
export async function withLab<T>(options: LabOptions, use: (lab: TestLab) => Promise<T>): Promise<T> {
  const lab = await openLab(options);
  try {
    return await use(lab);
  } finally {
    await lab[Symbol.asyncDispose]();
  }
}

function testLab(name: string, directory: string, env: Readonly<Record<string, string>>): TestLab {
  const netns = (member: string): string => `kcl-${name}-${member}`;
  const context = ['--context', `lab-${name}`];
  const ok = (...parameters: readonly string[]): Promise<string> => mustRun([KCTL, ...parameters, ...context], { env });
  const lab: TestLab = {
    name,
    directory,
    env,
    netns,
    vmNetns: (vm) => netns(`vm-${vm}`),
    kctl: (...parameters) => kctl([...parameters, ...context], { env }),
    ok,
    json: async (...parameters) => JSON.parse(await ok(...parameters, '-o', 'json')),
    apply: (manifest) => mustRun([KCTL, 'apply', '-f', '-', ...context], { env, input: manifest }),
    lab: (...parameters) => kctl(['lab', ...parameters, '--name', name], { env }),
    status: async () => JSON.parse(await mustRun([KCTL, 'lab', 'status', '--name', name, '-o', 'json'], { env })),
    createVm: async (vm, ...parameters) => {
      await ok('create', 'vm', vm, '--image', 'ubuntu-24.04', '--cpus', '1', '--memory', '256', ...parameters);
      return lab.guestAddress(vm);
    },
    guestAddress: (vm) => eventually(() => guestAddress(netns(`vm-${vm}`)), { timeoutMs: 20_000 }),
    restartController: () => restartController(lab),
    [Symbol.asyncDispose]: async () => {
      const down = await lab.lab('down');
      await rm(directory, { recursive: true, force: true });
      if (down.code !== 0) throw new Error(`kctl lab down: exit status ${down.code}\n${down.stdout}${down.stderr}`);
    },
  };
  return lab;
}

const controllers = new WeakMap<TestLab, Background>();

async function restartController(lab: TestLab): Promise<void> {
  const { controller, directory } = await lab.status();
  const running = controllers.get(lab);
  if (running !== undefined) await running.stop('SIGKILL');
  else if (controller.pid !== undefined) process.kill(controller.pid, 'SIGKILL');
  const program = join(ROOT, 'node_modules', '.bin', 'kcore-controller');
  const config = join(directory, 'controller.json');
  controllers.set(lab, startBackground(placed(lab.netns('ctl'), [program, '--config', config])));
}

async function guestAddress(netns: string): Promise<string> {
  const text = await mustRun(placed(netns, ['ip', '-j', '-4', 'address', 'show', 'dev', 'eth0']));
  const address = JSON.parse(text)[0]?.addr_info?.[0]?.local;
  if (typeof address !== 'string') throw new Error(`eth0 of ${netns} has no address`);
  return address;
}

/** Takes down the labs of test processes that are dead. */
async function sweep(): Promise<void> {
  if (!existsSync('/run/netns')) return;
  const labs = (await readdir('/run/netns')).map((name) => /^kcl-(t(\d+)[a-z]*)-/.exec(name));
  const dead = labs.filter((match) => match !== null && !existsSync(`/proc/${match[2]}`)).map((match) => match?.[1]);
  for (const name of new Set(dead)) {
    if (name === undefined) continue;
    const left = (await readdir(tmpdir())).find((entry) => entry.startsWith(`kct-${name}-`));
    const directory = join(tmpdir(), left ?? `kct-${name}-gone`);
    const env = { XDG_STATE_HOME: directory, KCORE_CONFIG: join(directory, 'config') };
    await kctl(['lab', 'down', '--name', name], { env });
    await rm(directory, { recursive: true, force: true });
  }
}
