import { type ByteStream, channelPair, KcoreError, Peer } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import { type FakeConsole, FakeGuests } from '../../test/support/fake-guests.ts';
import { FakeRuntime } from '../../test/support/fake-runtime.ts';
import { guestCalls } from './guest-calls.ts';

/** The controller's end of a session with an agent of that runtime. */
function controllerOf(runtime: FakeRuntime): Peer {
  const [ours, theirs] = channelPair();
  const agent = new Peer(theirs);
  agent.serve(guestCalls(runtime));
  return new Peer(ours);
}

async function failureOf(promise: Promise<unknown>): Promise<KcoreError> {
  const error = await promise.then(
    () => new Error('no failure'),
    (reason: unknown) => reason,
  );
  if (error instanceof KcoreError) return error;
  throw error;
}

async function text(stream: ByteStream): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of stream.readable) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function opened(guests = new FakeGuests(), controller = controllerOf(guests)) {
  const { stream, result } = controller.openStream('guest.console', { name: 'web' });
  await result;
  const console = guests.consoles.at(-1) as FakeConsole;
  return { guests, controller, stream, console };
}

describe('a guest console, served', () => {
  it('carries what is typed and what is said, and ends when the guest goes down', async () => {
    const { stream, console } = await opened();
    await stream.write(Buffer.from('root\n'));
    console.say('login: ');
    console.down();
    expect(await text(stream)).toBe('login: ');
    await expect.poll(() => console.disposed).toBe(true);
    expect(console.typed).toEqual(['root\n']);
    await stream.write(Buffer.alloc(1_000_000));
    stream.end();
    expect(await stream.closed).toBeUndefined();
  });

  it('goes on after the one who types has nothing more to type', async () => {
    const { stream, console } = await opened();
    stream.end();
    console.say('still here');
    console.down();
    expect(await text(stream)).toBe('still here');
  });

  it.each([
    ['the stream is given up', ({ stream }: { stream: ByteStream }) => stream.fail(new KcoreError('Aborted', 'x'))],
    ['the session ends', ({ controller }: { controller: Peer }) => controller.close()],
  ])('is let go when %s', async (_title, end) => {
    const one = await opened();
    expect(one.console.disposed).toBe(false);
    end(one);
    await expect.poll(() => one.console.disposed).toBe(true);
  });

  it('has one holder: who comes next gets it, after it was let go, and the one before is told', async () => {
    const guests = new FakeGuests();
    const calls = guestCalls(guests);
    const sessions = [1, 2, 3].map(() => {
      const [ours, theirs] = channelPair();
      new Peer(theirs).serve(calls);
      return new Peer(ours);
    });
    const letGo: boolean[] = [];
    const { console: open } = guests;
    guests.console = (name) => {
      letGo.push(guests.consoles.every(({ disposed }) => disposed));
      return open.call(guests, name);
    };
    const streams = sessions.map((peer) => peer.openStream('guest.console', { name: 'web' }).stream);
    for (const stream of streams.slice(0, 2)) {
      expect(await stream.closed).toMatchObject({
        code: 'Aborted',
        message: "somebody else opened the console of VM 'web'",
      });
    }
    await expect.poll(() => letGo).toEqual([true, true, true]);
    guests.consoles[2]?.say('yours');
    guests.consoles[2]?.down();
    expect(await text(streams[2] as ByteStream)).toBe('yours');
  });

  it('is a failure with its reason when the runtime fails', async () => {
    const { stream, console } = await opened();
    console.say(new Error('socket gone'));
    expect(await failureOf(text(stream))).toMatchObject({
      code: 'Internal',
      message: 'the console failed: socket gone',
    });
  });

  it('is refused as the runtime refuses it, or when there is none', async () => {
    const stopped = controllerOf(new FakeGuests()).openStream('guest.console', { name: 'db' });
    expect((await failureOf(stopped.result)).message).toBe("VM 'db' is not running");
    for (const method of ['guest.console', 'guest.logs'] as const) {
      const params = { name: 'web', follow: false };
      const { name } = params;
      const controller = controllerOf(new FakeRuntime());
      const { result } =
        method === 'guest.logs' ? controller.openStream(method, params) : controller.openStream(method, { name });
      expect(await failureOf(result)).toMatchObject({
        code: 'FailedPrecondition',
        message: `guests of runtime 'fake (nothing runs)' have no ${method === 'guest.logs' ? 'log' : 'console'}`,
      });
    }
  });
});

describe('the log of a guest, served', () => {
  it('is sent whole, with what was asked for', async () => {
    const guests = new FakeGuests();
    guests.log = ['boot\n', 'x'.repeat(500_000), 'done\n'];
    const controller = controllerOf(guests);
    const { stream } = controller.openStream('guest.logs', { name: 'web', follow: true, tailLines: 3 });
    stream.end();
    expect(await text(stream)).toBe(guests.log.join(''));
    expect(guests.logged).toMatchObject([{ name: 'web', options: { follow: true, tailLines: 3 } }]);
  });

  it('is no longer read when nobody wants it, and fails as it failed', async () => {
    const guests = new FakeGuests();
    guests.log = Array.from({ length: 100 }, () => 'x'.repeat(100_000));
    const controller = controllerOf(guests);
    const { stream, result } = controller.openStream('guest.logs', { name: 'web', follow: false });
    await result;
    stream.fail(new KcoreError('Aborted', 'enough'));
    await expect.poll(() => guests.logged[0]?.signal.aborted).toBe(true);
    guests.log = ['half', new KcoreError('NotFound', "VM 'web' has no log")];
    const second = controller.openStream('guest.logs', { name: 'web', follow: false });
    expect(await failureOf(text(second.stream))).toMatchObject({ code: 'NotFound', message: "VM 'web' has no log" });
  });
});

describe('images, served', () => {
  const image = { name: 'mine', format: 'raw', sizeBytes: 600_000 } as const;

  it('are received and removed', async () => {
    const guests = new FakeGuests();
    const controller = controllerOf(guests);
    const { stream, result } = controller.openStream('image.receive', image);
    await stream.write(Buffer.alloc(600_000));
    stream.end();
    expect((await result).image).toMatchObject({ name: 'mine', sizeBytes: 600_000, state: 'ready' });
    expect(await stream.closed).toBeUndefined();
    const digest = `sha256:${'a'.repeat(64)}`;
    expect(await controller.call('image.remove', { digest })).toEqual({});
    expect(guests.images.removed).toEqual([digest]);
  });

  it('that do not come whole are known to the runtime as such', async () => {
    const guests = new FakeGuests();
    const controller = controllerOf(guests);
    const { stream, result } = controller.openStream('image.receive', image);
    await stream.write(Buffer.alloc(100_000));
    stream.fail(new KcoreError('Aborted', 'interrupted'));
    expect((await failureOf(result)).code).toBe('Aborted');
    await expect.poll(() => guests.images.given).toEqual(['interrupted (aborted)']);
    const short = controller.openStream('image.receive', image);
    short.stream.end();
    expect((await failureOf(short.result)).message).toBe('0 bytes came');
  });

  it('are refused where guests are not made of images', async () => {
    const controller = controllerOf(new FakeRuntime());
    const digest = `sha256:${'a'.repeat(64)}`;
    for (const refused of [
      controller.openStream('image.receive', image).result,
      controller.call('image.remove', { digest }),
    ]) {
      expect((await failureOf(refused)).message).toBe("nodes of runtime 'fake (nothing runs)' have no images");
    }
  });
});
