import { PassThrough } from 'node:stream';
import { type ByteStream, failedPrecondition, KcoreError } from '@kcore/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeController } from '../../test/support/fake-controller.ts';
import { Workspace } from '../../test/support/run.ts';

/** Consoles and logs from a controller in memory whose guest is the test. */

let kctl: Workspace;
let streams: ByteStream[];
let serve: (stream: ByteStream) => void;

beforeEach(async () => {
  streams = [];
  serve = () => {};
  const handler = ({ name }: { readonly name: string }, stream: ByteStream) => {
    if (name === 'db') throw failedPrecondition("VM 'db' is not running", { remedy: 'start it' });
    streams.push(stream);
    serve(stream);
    return { node: 'node-1' };
  };
  kctl = await Workspace.open(new FakeController({ 'vm.console': handler, 'vm.logs': handler }));
});
afterEach(() => kctl[Symbol.asyncDispose]());

const never = { interrupted: () => new Promise<void>(() => {}) };

class Terminal extends PassThrough {
  readonly isTTY = true;
  isRaw = false;
  setRawMode(on: boolean): this {
    this.isRaw = on;
    return this;
  }
}

describe('kctl console', () => {
  it('at a terminal: says how to detach, and that the VM goes on', async () => {
    const stdin = new Terminal();
    serve = (stream) => void stream.write(Buffer.from('login: ')).then(() => stdin.write('\u001d'));
    const ran = await kctl.run('console web', { ...never, stdin });
    expect(ran).toEqual({
      exit: 0,
      stdout: 'login: ',
      stderr:
        "connected to the console of vm 'web' on node 'node-1'; Ctrl-] detaches\n" + "\ndetached; vm 'web' goes on\n",
    });
    expect(stdin.isRaw).toBe(false);
    await expect.poll(() => streams[0]?.closed).toBeTruthy();
    expect((await streams[0]?.closed)?.code).toBe('Unavailable');
  });

  it('detaches by another key', async () => {
    const stdin = new Terminal();
    serve = () => void stdin.write('\u001d\u0001');
    const ran = await kctl.run('console web --detach-key ctrl-a', { ...never, stdin });
    expect(ran.stderr).toContain('; Ctrl-A detaches\n');
    for await (const bytes of streams[0]?.readable ?? []) {
      expect(Buffer.from(bytes).toString()).toBe('\u001d');
      break;
    }
  });

  it('with a pipe: sends it as it is, and goes on until the VM goes down', async () => {
    const heard: string[] = [];
    serve = (stream) =>
      void (async () => {
        for await (const bytes of stream.readable) heard.push(Buffer.from(bytes).toString());
        await stream.write(Buffer.from('after the end of input\n'));
        stream.end();
      })();
    const ran = await kctl.run('console web', { ...never, input: 'reboot\u001d\n' });
    expect(ran).toEqual({
      exit: 0,
      stdout: 'after the end of input\n',
      stderr: "connected to the console of vm 'web' on node 'node-1'\nvm 'web' went down\n",
    });
    expect(heard.join('')).toBe('reboot\u001d\n');
  });

  it.each([
    [new KcoreError('Aborted', "somebody else opened the console of VM 'web'"), 7, 'Error: Aborted: somebody else'],
    [
      new KcoreError('Unavailable', "the connection of node 'node-1' was lost"),
      6,
      'Error: Unavailable: the connection',
    ],
  ])('ends with the status of what ended it: %s', async (error, exit, text) => {
    serve = (stream) => stream.fail(error);
    const ran = await kctl.run('console web', { ...never, stdin: new PassThrough() });
    expect(ran.exit).toBe(exit);
    expect(ran.stderr).toContain(text);
  });

  it('ends when it is asked to', async () => {
    const ran = await kctl.run('console web', { stdin: new Terminal() });
    expect(ran.exit).toBe(7);
    expect(ran.stderr).toContain("\nError: Aborted: interrupted; vm 'web' goes on\n");
  });

  it('leaves the terminal alone when there is no console', async () => {
    const stdin = new Terminal();
    stdin.setRawMode = () => expect.unreachable();
    const ran = await kctl.run('console db', { ...never, stdin });
    expect(ran).toEqual({
      exit: 4,
      stdout: '',
      stderr: "Error: FailedPrecondition: VM 'db' is not running\nRemedy: start it\n",
    });
    expect((await kctl.run('console web --detach-key x', never)).exit).toBe(5);
  });
});

describe('kctl logs', () => {
  it('prints what comes and ends with it', async () => {
    serve = (stream) => void stream.write(Buffer.from('\u001b[1mboot\u001b[0m\n')).then(() => stream.end());
    expect(await kctl.run('logs web')).toEqual({ exit: 0, stdout: '\u001b[1mboot\u001b[0m\n', stderr: '' });
    expect(kctl.controller.calls[0]?.params).toEqual({ name: 'web', stream: 1 });
  });

  it('asks for the last lines, and for more', async () => {
    // Nothing is to be typed there, and the node is told so.
    serve = (stream) =>
      void (async () => {
        for await (const _ of stream.readable) expect.unreachable();
        stream.end();
      })();
    await kctl.run('logs web -f --tail 0');
    expect(kctl.controller.calls[0]?.params).toEqual({ name: 'web', stream: 1, follow: true, tailLines: 0 });
    expect((await kctl.run('logs web --tail some')).exit).toBe(5);
  });

  it('prints what came before it failed, and ends with that', async () => {
    serve = (stream) =>
      void stream.write(Buffer.from('half\n')).then(() => stream.fail(new KcoreError('Unavailable', 'node lost')));
    expect(await kctl.run('logs web')).toEqual({
      exit: 6,
      stdout: 'half\n',
      stderr: 'Error: Unavailable: node lost\n',
    });
  });
});
