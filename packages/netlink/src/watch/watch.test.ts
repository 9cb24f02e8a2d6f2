import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode, inputOf } from '../codec/codec.ts';
import { u8, u32 } from '../codec/scalar.ts';
import { struct } from '../codec/struct.ts';
import { SystemError } from '../error.ts';
import { type RawMessage, readBody, splitMessages } from '../message/message.ts';
import { dumpOf } from '../message/request.ts';
import type { Monitor, MonitorEvent } from '../monitor/monitor.ts';
import { endOfDump, fakeConnection, kernelMessage, messagesIn } from '../testing/fake-kernel.ts';
import { type Change, Mirror } from './mirror.ts';
import { canonical, type WatchSource } from './source.ts';
import { type WatchEvent, watcherOver } from './watcher.ts';

interface Thing {
  readonly id: number;
  readonly value: number;
}

const thing = struct({ id: u32, value: u32 });
const [NEW, DELETE, FLUSH, LOOK, OTHER] = [16, 17, 18, 19, 99];

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
      item: (body) => body,
    }),
  key: ({ id }) => String(id),
  read(message) {
    const item = readBody(thing, message);
    if (message.type === NEW) return { type: 'set', item };
    if (message.type === DELETE) return { type: 'delete', item };
    if (message.type === FLUSH) return { type: 'deleteIf', gone: ({ value }) => value === item.value };
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
      const event = this.#events.shift();
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
  const kernel = { state, lists: 0, duringList: (): void => undefined };
  const connection = fakeConnection((chunk) => {
    kernel.lists += 1;
    const [request] = messagesIn(chunk);
    if (request === undefined) return [];
    const listed = kernel.state.map((item) =>
      kernelMessage({ type: NEW, flags: 2, sequence: request.sequence }, encode(thing, item)),
    );
    kernel.duringList();
    return [...listed, endOfDump(request)];
  });
  const monitor = new Pushed();
  const watcher = watcherOver(source, monitor, connection);
  const events = watcher[Symbol.asyncIterator]();
  return { kernel, monitor, watcher, events };
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
