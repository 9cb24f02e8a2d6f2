import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode, inputOf } from '../codec/codec.ts';
import { MalformedError } from '../codec/error.ts';
import { u8, u32 } from '../codec/scalar.ts';
import { struct } from '../codec/struct.ts';
import { connectionOver } from '../connection/open.ts';
import { SystemError } from '../error.ts';
import { type RawMessage, readBody, splitMessages } from '../message/message.ts';
import { dumpOf } from '../message/request.ts';
import type { Monitor, MonitorEvent } from '../monitor/monitor.ts';
import { endOfDump, fakeConnection, fakeTransport, kernelMessage, messagesIn } from '../testing/fake-kernel.ts';
import { NLM_F_DUMP_INTR } from '../uapi/netlink.ts';
import { type Change, Mirror } from './mirror.ts';
import { canonical, type WatchSource } from './source.ts';
import { type WatchEvent, watcherOver } from './watcher.ts';

interface Thing {
  readonly id: number;
  readonly value: number;
}

const thing = struct({ id: u32, value: u32 });
const [NEW, DELETE, FLUSH, LOOK, DOUBT, AMEND, OTHER] = [16, 17, 18, 19, 21, 22, 99];

const UNREADABLE = 999;

function readable(item: Thing): Thing {
  if (item.id === UNREADABLE) throw new MalformedError('no thing');
  return item;
}

const source: WatchSource<Thing> = {
  protocol: 0,
  groups: [1],
  list: () =>
    dumpOf({
      operation: 'list things',
      type: 20,
      codec: u8,
      value: 0,
      itemCodec: thing,
      item: readable,
    }),
  key: ({ id }) => String(id),
  read(message) {
    const item = readable(readBody(thing, message));
    if (message.type === NEW) return { type: 'set', item };
    if (message.type === DELETE) return { type: 'delete', item };
    if (message.type === FLUSH) return { type: 'deleteIf', gone: ({ value }) => value === item.value };
    if (message.type === DOUBT) return { type: 'relistIf', stale: ({ id }) => id === item.id };
    if (message.type === AMEND) {
      return { type: 'amend', key: String(item.id), amended: (known) => ({ ...known, value: item.value }) };
    }
    return message.type === LOOK ? { type: 'relist' } : undefined;
  },
  same: (a, b) => a.value === b.value,
};

function messageOf(type: number, item: Thing): RawMessage {
  const bytes = kernelMessage({ type, sequence: 0 }, encode(thing, item));
  const [message] = splitMessages(inputOf(bytes));
  if (message === undefined) throw new Error('no message');
  return message;
}

/** A monitor whose events are pushed. */
class Pushed implements Monitor {
  readonly #events: (MonitorEvent | Error | 'end')[] = [];
  #next = 0;
  #wake: (() => void) | undefined;

  push(event: MonitorEvent | Error | 'end'): void {
    this.#events.push(event);
    this.#wake?.();
  }

  tell(type: number, id: number, value: number): void {
    this.push({ type: 'message', message: messageOf(type, { id, value }) });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<MonitorEvent> {
    for (;;) {
      const event = this.#events[this.#next];
      if (event !== undefined) this.#next += 1;
      if (event === 'end') return;
      if (event instanceof Error) throw event;
      if (event !== undefined) yield event;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.push('end');
  }
}

/** A kernel that has these things, and a watcher of them. */
function setUp(...state: Thing[]) {
  return setUpTimed(false, ...state);
}

/** Between lists no time passes, or as much as the test says. */
function setUpTimed(timed: boolean, ...state: Thing[]) {
  const kernel = {
    state,
    lists: 0,
    /** Whether each message of a list says that it changed meanwhile. */
    torn: false,
    duringList: (): void | Promise<void> => undefined,
  };
  const answer = fakeTransport((chunk) => {
    kernel.lists += 1;
    const [request] = messagesIn(chunk);
    if (request === undefined) return [];
    const flags = 2 | (kernel.torn ? NLM_F_DUMP_INTR : 0);
    const listed = kernel.state.map((item) =>
      kernelMessage({ type: NEW, flags, sequence: request.sequence }, encode(thing, item)),
    );
    return [...listed, endOfDump(request)];
  });
  const connection = connectionOver({
    ...answer,
    async transact(bytes, lengths) {
      const replies = await answer.transact(bytes, lengths);
      await kernel.duringList();
      return replies;
    },
  });
  const monitor = new Pushed();
  const abort = new AbortController();
  const gaps: number[] = [];
  let goOn: (() => void) | undefined;
  const time = {
    /** Milliseconds that were waited between lists, each until `pass` was called. */
    gaps,
    async pass(): Promise<void> {
      await settled();
      goOn?.();
      await settled();
    },
  };
  const watcher = watcherOver(source, monitor, connection, {
    signal: abort.signal,
    wait(milliseconds) {
      if (!timed) return Promise.resolve();
      gaps.push(milliseconds);
      return new Promise((resolve) => {
        goOn = resolve;
      });
    },
  });
  const events = watcher[Symbol.asyncIterator]();
  return { kernel, monitor, watcher, events, abort, time };
}

/** Until everything that can go on without time passing has. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
}

async function take(events: AsyncIterator<WatchEvent<Thing>>, count: number): Promise<readonly WatchEvent<Thing>[]> {
  const taken: WatchEvent<Thing>[] = [];
  while (taken.length < count) {
    const { value, done } = await events.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

const set = (id: number, value: number, before?: number): Change<Thing> => ({
  type: 'set',
  item: { id, value },
  ...(before === undefined ? {} : { before: { id, value: before } }),
});

describe('a watcher', () => {
  it('tells what is there, that this was all, and then what changes', async () => {
    const { monitor, watcher, events } = setUp({ id: 1, value: 10 }, { id: 2, value: 20 });
    expect(await take(events, 3)).toEqual([set(1, 10), set(2, 20), { type: 'synced', after: 'start' }]);
    monitor.tell(NEW, 1, 11);
    monitor.tell(OTHER, 2, 21);
    monitor.tell(DELETE, 2, 20);
    monitor.tell(NEW, 3, 30);
    expect(await take(events, 3)).toEqual([set(1, 11, 10), { type: 'delete', item: { id: 2, value: 20 } }, set(3, 30)]);
    expect([...watcher.items.values()]).toEqual([
      { id: 1, value: 11 },
      { id: 3, value: 30 },
    ]);
    await watcher[Symbol.asyncDispose]();
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it('looks again after an overrun, and tells the difference only', async () => {
    const { kernel, monitor, watcher, events } = setUp({ id: 1, value: 10 }, { id: 2, value: 20 });
    await take(events, 3);
    kernel.state = [
      { id: 1, value: 10 },
      { id: 3, value: 30 },
    ];
    monitor.push({ type: 'overrun' });
    expect(await take(events, 3)).toEqual([
      { type: 'delete', item: { id: 2, value: 20 } },
      set(3, 30),
      { type: 'synced', after: 'overrun' },
    ]);
    await watcher[Symbol.asyncDispose]();
  });

  it('believes what was notified during a list more than the list', async () => {
    const { kernel, monitor, watcher, events } = setUp({ id: 1, value: 10 });
    kernel.duringList = () => monitor.tell(NEW, 1, 11);
    expect(await take(events, 2)).toEqual([set(1, 11), { type: 'synced', after: 'start' }]);
    await watcher[Symbol.asyncDispose]();
  });

  it('leaves out what is over when a slow reader comes back, and what makes no difference', async () => {
    const { monitor, watcher, events } = setUp({ id: 1, value: 10 });
    await take(events, 2);
    for (let value = 11; value <= 5000; value += 1) monitor.tell(NEW, 1, value);
    monitor.tell(NEW, 7, 70);
    monitor.tell(DELETE, 7, 70);
    monitor.tell(NEW, 1, 10);
    monitor.tell(NEW, 8, 80);
    for (let turn = 0; turn < 12_000; turn += 1) await Promise.resolve();
    expect(await take(events, 1)).toEqual([set(8, 80)]);
    await watcher[Symbol.asyncDispose]();
  });

  it('tells that it knows all only after a list during which nothing was lost', async () => {
    const { kernel, monitor, watcher, events } = setUp({ id: 1, value: 10 }, { id: 2, value: 20 });
    kernel.duringList = async () => {
      if (kernel.lists > 1) return;
      // The list was read before this, and what tells of it is lost.
      kernel.state = [{ id: 1, value: 11 }];
      monitor.push({ type: 'overrun' });
      await settled();
    };
    const told = await take(events, 5);
    expect(told).toEqual([
      set(1, 10),
      set(2, 20),
      set(1, 11, 10),
      { type: 'delete', item: { id: 2, value: 20 } },
      { type: 'synced', after: 'start' },
    ]);
    expect(kernel.lists).toBe(2);
    await watcher[Symbol.asyncDispose]();
  });

  it('is in sync later when more was notified during a list than it keeps', async () => {
    const { kernel, monitor, watcher, events } = setUp({ id: 1, value: 0 });
    kernel.duringList = async () => {
      if (kernel.lists > 1) return;
      for (let value = 1; value <= 100_001; value += 1) monitor.tell(NEW, 1, value);
      kernel.state = [{ id: 1, value: 100_001 }];
      for (let turn = 0; turn < 400_000; turn += 1) await Promise.resolve();
    };
    const told: WatchEvent<Thing>[] = [];
    while (told.at(-1)?.type !== 'synced') told.push(...(await take(events, 1)));
    expect([...watcher.items.values()]).toEqual([{ id: 1, value: 100_001 }]);
    expect(kernel.lists).toBe(2);
    await watcher[Symbol.asyncDispose]();
  });

  it('takes back that the reader knows all when something is lost before it was said', async () => {
    const { kernel, monitor, watcher, events } = setUp({ id: 1, value: 10 });
    expect(await take(events, 1)).toEqual([set(1, 10)]);
    await settled();
    let answer = (): void => {};
    kernel.duringList = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    kernel.state = [];
    monitor.push({ type: 'overrun' });
    await settled();
    const told: WatchEvent<Thing>[] = [];
    const next = take(events, 2).then((taken) => told.push(...taken));
    await settled();
    expect(told).toEqual([]);
    answer();
    await next;
    expect(told).toEqual([
      { type: 'delete', item: { id: 1, value: 10 } },
      { type: 'synced', after: 'start' },
    ]);
    await watcher[Symbol.asyncDispose]();
  });

  it('deletes nothing that a torn list lacks, and is not in sync before a whole one', async () => {
    const { kernel, monitor, watcher, events, time } = setUpTimed(true, { id: 1, value: 10 }, { id: 2, value: 20 });
    expect(await take(events, 3)).toEqual([set(1, 10), set(2, 20), { type: 'synced', after: 'start' }]);
    await time.pass();
    kernel.state = [
      { id: 1, value: 11 },
      { id: 3, value: 30 },
    ];
    kernel.torn = true;
    monitor.push({ type: 'overrun' });
    expect(await take(events, 2)).toEqual([set(1, 11, 10), set(3, 30)]);
    const next = take(events, 2);
    for (let turn = 0; turn < 9; turn += 1) await time.pass();
    expect(time.gaps).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000]);
    kernel.torn = false;
    await time.pass();
    expect(await next).toEqual([
      { type: 'delete', item: { id: 2, value: 20 } },
      { type: 'synced', after: 'overrun' },
    ]);
    expect(time.gaps.at(-1)).toBe(50);
    await watcher[Symbol.asyncDispose]();
  });

  it('lists again, ever more seldom, for notifications that cannot be read', async () => {
    const { kernel, monitor, watcher, events, time } = setUpTimed(true, { id: 1, value: 10 });
    await take(events, 2);
    await time.pass();
    kernel.state = [{ id: 2, value: 20 }];
    const unreadable = (): void => monitor.tell(NEW, UNREADABLE, 0);
    unreadable();
    expect(await take(events, 3)).toEqual([
      { type: 'delete', item: { id: 1, value: 10 } },
      set(2, 20),
      { type: 'synced', after: 'overrun' },
    ]);
    for (let turn = 0; turn < 9; turn += 1) {
      for (let count = 0; count < 10; count += 1) unreadable();
      await time.pass();
    }
    expect(time.gaps).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000]);
    await time.pass();
    const lists = kernel.lists;
    await time.pass();
    expect(kernel.lists).toBe(lists);
    monitor.tell(NEW, 2, 21);
    await settled();
    expect(await take(events, 2)).toEqual([set(2, 21, 20), { type: 'synced', after: 'overrun' }]);
    monitor.push({ type: 'overrun' });
    await settled();
    expect(time.gaps.at(-1)).toBe(50);
    await watcher[Symbol.asyncDispose]();
  });

  it('ends with a list that cannot be read', async () => {
    const { watcher, events } = setUp({ id: UNREADABLE, value: 10 });
    await expect(events.next()).rejects.toThrow('list things: an item cannot be read');
    await watcher[Symbol.asyncDispose]();
  });

  it('changes a part, and lists again only for what is there', async () => {
    const { kernel, monitor, watcher, events } = setUp({ id: 1, value: 10 });
    await take(events, 2);
    monitor.tell(AMEND, 1, 11);
    monitor.tell(AMEND, 2, 20);
    expect(await take(events, 1)).toEqual([set(1, 11, 10)]);
    monitor.tell(DOUBT, 2, 0);
    await settled();
    expect(kernel.lists).toBe(1);
    kernel.state = [{ id: 4, value: 40 }];
    monitor.tell(DOUBT, 1, 0);
    expect(await take(events, 2)).toEqual([{ type: 'delete', item: { id: 1, value: 11 } }, set(4, 40)]);
    await settled();
    expect(kernel.lists).toBe(3);
    await watcher[Symbol.asyncDispose]();
  });

  it('lists again for a doubt that came during a list', async () => {
    const { kernel, monitor, watcher, events } = setUp({ id: 1, value: 10 });
    kernel.duringList = async () => {
      if (kernel.lists > 1) return;
      kernel.state = [{ id: 1, value: 11 }];
      monitor.tell(DOUBT, 1, 0);
      await settled();
    };
    expect(await take(events, 3)).toEqual([set(1, 10), { type: 'synced', after: 'start' }, set(1, 11, 10)]);
    await watcher[Symbol.asyncDispose]();
  });

  it('ends with its signal, and leaves no listener on it', async () => {
    const { watcher, events, abort } = setUp({ id: 1, value: 10 });
    await take(events, 2);
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1);
    await watcher[Symbol.asyncDispose]();
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
    const other = setUp({ id: 1, value: 10 });
    await take(other.events, 2);
    const next = other.events.next();
    other.abort.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    const late = watcherOver(
      source,
      new Pushed(),
      fakeConnection(() => []),
      { signal: abort.signal },
    );
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1);
    abort.abort();
    expect(await take(late[Symbol.asyncIterator](), 1)).toEqual([]);
    const already = watcherOver(
      source,
      new Pushed(),
      fakeConnection(() => []),
      { signal: abort.signal },
    );
    expect(await take(already[Symbol.asyncIterator](), 1)).toEqual([]);
  });

  it('forgets what went without a word, and lists again when it is told to', async () => {
    const { kernel, monitor, watcher, events } = setUp(
      { id: 1, value: 10 },
      { id: 2, value: 10 },
      { id: 3, value: 30 },
    );
    await take(events, 4);
    monitor.tell(FLUSH, 0, 10);
    expect((await take(events, 2)).map(({ type }) => type)).toEqual(['delete', 'delete']);
    kernel.state = [{ id: 3, value: 33 }];
    monitor.tell(LOOK, 0, 0);
    expect(await take(events, 1)).toEqual([set(3, 33, 30)]);
    await watcher[Symbol.asyncDispose]();
  });

  it('throws what ended it', async () => {
    const { monitor, watcher, events } = setUp();
    await take(events, 1);
    monitor.push(new SystemError('receive', 9, 'EBADF'));
    await expect(events.next()).rejects.toThrow('EBADF');
    await watcher[Symbol.asyncDispose]();
  });
});

it('a reader who applies what it is told has what there is, whatever happened and whenever it read', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('set' as const), id: fc.nat(5), value: fc.nat(3) }),
    fc.record({ do: fc.constant('delete' as const), id: fc.nat(5), value: fc.constant(0) }),
    fc.record({ do: fc.constant('replace' as const), id: fc.nat(5), value: fc.nat(3) }),
    fc.record({ do: fc.constant('read' as const), id: fc.nat(5), value: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const mirror = new Mirror<Thing>(source);
      let truth = new Map<number, number>();
      const reader = new Map<number, number>();
      const read = (limit: number): void => {
        for (let count = 0; count < limit; count += 1) {
          const change = mirror.take();
          if (change === undefined) return;
          if (change.type === 'delete') expect(reader.delete(change.item.id)).toBe(true);
          else reader.set(change.item.id, change.item.value);
        }
      };
      for (const { do: what, id, value } of steps) {
        if (what === 'read') read(id);
        else if (what === 'replace') {
          truth = new Map([[id, value]]);
          mirror.replace([{ id, value }]);
        } else if (what === 'set') {
          truth.set(id, value);
          mirror.apply({ type: 'set', item: { id, value } });
        } else {
          truth.delete(id);
          mirror.apply({ type: 'delete', item: { id, value } });
        }
      }
      read(Number.POSITIVE_INFINITY);
      expect(new Map([...reader].sort())).toEqual(new Map([...truth].sort()));
    }),
  );
});

it('equal values have one canonical text', () => {
  const a = { b: [1n, Uint8Array.of(1, 2)], a: { y: 'x', x: true } };
  const b = { a: { x: true, y: 'x' }, b: [1n, Uint8Array.of(1, 2)], age: 3 };
  expect(canonical(a)).toBe(canonical(b, new Set(['age'])));
  expect(canonical(a)).not.toBe(canonical({ ...a, b: [1n, Uint8Array.of(1, 3)] }));
});
