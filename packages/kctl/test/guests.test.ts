import { PassThrough } from 'node:stream';
import { Peer } from '@kcore/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { guestCalls } from '../../agent/src/session/guest-calls.ts';
import { FakeGuests } from '../../agent/test/support/fake-guests.ts';
import { FakeRuntime } from '../../agent/test/support/fake-runtime.ts';
import { createVm, type TestAgent, type TestCluster, testCluster } from '../../controller/test/cluster.ts';
import type { Connect } from '../src/connection/connection.ts';
import { Workspace } from './support/run.ts';

/** kctl, a controller, and a node whose guests are the test: everything between them is the real thing but the sockets. */

const never = () => new Promise<void>(() => {});

let kctl: Workspace;
let cluster: TestCluster;
let node: TestAgent;
let guests: FakeGuests;
let connect: Connect;

beforeEach(async () => {
  kctl = await Workspace.open();
  cluster = await testCluster();
  node = await cluster.agent('node-1');
  guests = new FakeGuests();
  node.peer.serve(guestCalls(guests));
  guests.images.watch(() => void node.report([...guests.images.list()]));
  connect = async () => new Peer(cluster.connect({ kind: 'admin', cluster: 'lab', name: 'root' }));
  await createVm(cluster, 'web', { node: 'node-1' });
});
afterEach(async () => {
  await cluster[Symbol.asyncDispose]();
  await kctl[Symbol.asyncDispose]();
});

const run = (line: string | readonly string[], stdin = new PassThrough()) =>
  kctl.run(line, { connect, interrupted: never, stdin });

async function consoleAt(index: number) {
  await expect.poll(() => guests.consoles.length).toBe(index + 1);
  const console = guests.consoles[index];
  if (console === undefined) throw new Error('not opened');
  return console;
}

describe('from kctl to the guest and back', () => {
  it('a console, until the guest goes down', async () => {
    const stdin = new PassThrough();
    const running = run('console web', stdin);
    const console = await consoleAt(0);
    stdin.write('uname\n');
    await expect.poll(() => console.typed).toEqual(['uname\n']);
    console.say('Linux\n');
    console.down();
    expect(await running).toMatchObject({ exit: 0, stdout: 'Linux\n' });
    expect(console.disposed).toBe(true);
  });

  it('a console that somebody else takes', async () => {
    const first = run('console web');
    await consoleAt(0);
    const second = run('console web');
    const console = await consoleAt(1);
    expect(await first).toMatchObject({
      exit: 7,
      stderr: expect.stringContaining(
        "Error: Aborted: somebody else opened the console of VM 'web'\nRemedy: 'kctl console web' takes it back\n",
      ),
    });
    console.down();
    expect((await second).exit).toBe(0);
  });

  it('a console whose node goes away', async () => {
    const running = run('console web');
    const console = await consoleAt(0);
    node.peer.close();
    const ran = await running;
    expect(ran).toMatchObject({ exit: 6, stderr: expect.stringContaining("the connection of node 'node-1' was lost") });
    await expect.poll(() => console.disposed).toBe(true);
    expect((await run('console web')).stderr).toContain("Error: Unavailable: node 'node-1' is not connected\n");
  });

  it('a log, as far as it goes', async () => {
    guests.log = ['one\n', 'x'.repeat(600_000), new Error('disk broke')];
    const ran = await run('logs web --tail 5');
    expect(ran.stdout).toBe(`one\n${'x'.repeat(600_000)}`);
    expect(ran).toMatchObject({ exit: 1, stderr: 'Error: Internal: the log failed: disk broke\n' });
    expect(guests.logged[0]?.options).toEqual({ follow: false, tailLines: 5 });
  });

  it('an image, up and down', async () => {
    const path = await kctl.write('golden.img', 'z'.repeat(700_000));
    const upload = await run(['node', 'upload-image', path, '--node', 'node-1']);
    // The fake node calls every image by one digest, which is not that of these bytes.
    expect(upload).toMatchObject({ exit: 1, stderr: expect.stringContaining('it was deleted there') });
    await expect.poll(async () => (await run('get images -o json')).stdout).toContain('"golden"');
    expect((await run('delete image golden')).stdout).toBe("deleted image 'golden'\n");
    expect(guests.images.removed).toHaveLength(2);
  });

  it('nothing of it where guests have none', async () => {
    node.peer.serve(guestCalls(new FakeRuntime()));
    expect(await run('console web')).toMatchObject({
      exit: 4,
      stderr: expect.stringContaining("guests of runtime 'fake (nothing runs)' have no console\nRemedy: "),
    });
  });
});
