import { KcoreError, notFound, type VmView } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import { FakeController } from '../../test/support/fake-controller.ts';
import { Workspace } from '../../test/support/run.ts';

type Said = Partial<NonNullable<VmView['status']>> | 'nothing' | 'pending' | 'away' | 'gone';

/** A controller whose node says one thing after the other of its VMs, and the last for ever. */
function saying(...said: readonly Said[]): FakeController {
  const left = new Map<string, Said[]>();
  const controller: FakeController = new FakeController({
    'vm.get': ({ name }) => {
      const queue = left.get(name) ?? [...said];
      left.set(name, queue);
      const now = (queue.length > 1 ? queue.shift() : queue[0]) ?? 'nothing';
      const vm = controller.vms.get(name);
      if (vm === undefined || now === 'gone') throw notFound(`vm '${name}' not found`);
      if (now === 'away') throw new KcoreError('Unavailable', 'the controller is shutting down');
      if (now === 'nothing') return { vm };
      if (now === 'pending') return { vm, status: { kind: 'vm', name, state: 'failed' }, pending: true };
      return { vm, status: { kind: 'vm', name, state: 'running', ...now } };
    },
  });
  return controller;
}

const image = (bytes: number) => ({
  state: 'pending' as const,
  progress: { what: 'image debian-12', bytes: bytes * 2 ** 20, totalBytes: 600 * 2 ** 20 },
});

describe('--wait', () => {
  it('shows each step on a line of its own when nobody looks, and ends when the guest answers', async () => {
    const controller = saying(
      'pending',
      'nothing',
      image(60),
      image(90),
      image(590),
      { state: 'starting' },
      { guest: 'booting' },
      'away',
      { guest: 'answering' },
    );
    await using kctl = await Workspace.open(controller);
    expect(await kctl.run('create vm web-01 --image debian-12 --wait')).toEqual({
      exit: 0,
      stdout: "created vm 'web-01'\n  node:   node-1\n  nic 0:  default 10.250.0.2 52:54:00:0b:9d:9f\n",
      stderr: `web-01: node 'node-1' has not taken it yet
web-01: waiting for node 'node-1'
web-01: image debian-12: 60M of 600M (10 %)
web-01: image debian-12: 590M of 600M (98 %)
web-01: starting on node 'node-1'
web-01: running; the guest boots
web-01: the controller does not answer
web-01: the guest answers (10.250.0.2)
`,
    });
    expect(kctl.slept).toEqual(Array.from({ length: 8 }, () => 500));
  });

  it('draws over one line at a terminal', async () => {
    await using kctl = await Workspace.open(saying(image(60), image(61), { guest: 'ready' }));
    const ran = await kctl.run('create vm web-01 --wait', { terminal: true });
    expect(ran.stderr).toBe(
      [
        '\r\u001b[Kweb-01: image debian-12: 60M of 600M (10 %)',
        '\r\u001b[Kweb-01: image debian-12: 61M of 600M (10 %)',
        '\r\u001b[Kweb-01: ready: cloud-init has finished (10.250.0.2)\n',
      ].join(''),
    );
  });

  it('-o json prints one object, with how it ended', async () => {
    await using kctl = await Workspace.open(saying({ guest: 'booting' }, { guest: 'ready', restarts: 1 }));
    const ran = await kctl.run('create vm web-01 --wait -o json');
    expect(JSON.parse(ran.stdout)).toMatchObject({
      kind: 'VM',
      status: { state: 'running', guest: 'ready', restarts: 1 },
    });
  });

  it('a runtime that says nothing of its guests: running for two seconds is enough', async () => {
    await using kctl = await Workspace.open(saying({}));
    const ran = await kctl.run('create vm web-01 --wait');
    expect([ran.exit, kctl.slept.length]).toEqual([0, 4]);
  });

  it('a VM that failed ends it with what its node says, but not one that is started again at once', async () => {
    const message = 'the image https://x/y is not what its digest says';
    await using kctl = await Workspace.open(
      saying({ state: 'failed', message: 'first try' }, { state: 'starting' }, { state: 'failed', message }),
    );
    const ran = await kctl.run('create vm web-01 --wait');
    expect(ran.exit).toBe(4);
    expect(ran.stderr).toContain(
      `Error: FailedPrecondition: VM 'web-01' failed: ${message}\nRemedy: kctl describe vm web-01; kctl logs web-01\n`,
    );
  });

  it.each([
    ['', 300],
    [' --timeout 20s', 20],
  ])('time is up%s: DeadlineExceeded names the last state and where to look', async (flags, seconds) => {
    await using kctl = await Workspace.open(saying({ guest: 'booting' }));
    const ran = await kctl.run(`create vm web-01 --wait${flags}`);
    expect(ran.exit).toBe(6);
    expect(ran.stderr).toContain(
      `Error: DeadlineExceeded: VM 'web-01' is not ready after ${seconds === 300 ? '5m' : '20s'}: running; the guest boots\nRemedy: it goes on; see kctl describe vm web-01 and kctl logs web-01`,
    );
    expect(kctl.slept.length).toBe(seconds * 2);
  });

  it('a VM that somebody deletes meanwhile ends it', async () => {
    await using kctl = await Workspace.open(saying({ guest: 'booting' }, 'gone'));
    expect((await kctl.run('create vm web-01 --wait')).exit).toBe(3);
  });

  it.each([
    ['start vm a b --wait', ['a', 'b'], { guest: 'ready' }, 0],
    ['set vm a --state running --wait', ['a'], { guest: 'answering' }, 0],
    ['stop vm a b --wait', ['a', 'b'], { state: 'stopped' }, 0],
    ['stop vm a --wait --timeout 3s', ['a'], {}, 6],
    ['attach nic a --network n --wait', ['a'], {}, 0],
    ['detach nic a 0 --wait', ['a'], 'nothing', 0],
  ] as const)('%s', async (line, names, said, exit) => {
    const controller = saying('pending', said);
    await using kctl = await Workspace.open(controller);
    for (const name of ['a', 'b']) await kctl.run(`create vm ${name}`);
    controller.calls.length = 0;
    const ran = await kctl.run(line);
    expect([ran.exit, ran.stderr.includes("a: node 'node-1' has not taken it yet")]).toEqual([exit, true]);
    const asked = controller.calls.map(({ method }) => method);
    // All are told before the first is waited for.
    expect(asked.indexOf('vm.get')).toBe(names.length);
  });

  it('apply waits for its VMs, up or down as they are wanted, and not after a failure', async () => {
    const manifest = (name: string, more = '') => `kind: VM\nmetadata: {name: ${name}}\nspec: {cpu: 1${more}}\n---\n`;
    const controller = saying({ guest: 'ready' });
    await using kctl = await Workspace.open(controller);
    const file = await kctl.write('vms.yaml', manifest('a') + manifest('b'));
    const ran = await kctl.run(`apply -f ${file} --wait`);
    expect([ran.exit, ran.stdout]).toEqual([0, "created vm 'a'\ncreated vm 'b'\n"]);
    expect(ran.stderr).toContain('b: ready');
    const stopped = await kctl.write('stopped.yaml', manifest('c', ', state: stopped'));
    const late = await kctl.run(`apply -f ${stopped} --wait --timeout 2s`);
    expect([late.exit, late.stderr]).toEqual([6, expect.stringContaining("VM 'c' is not stopped after 2s: stopping")]);
    controller.calls.length = 0;
    expect((await kctl.run(`apply -f ${file} --wait --dry-run`)).exit).toBe(0);
    expect(controller.calls.map(({ method }) => method)).not.toContain('vm.get');
  });
});
