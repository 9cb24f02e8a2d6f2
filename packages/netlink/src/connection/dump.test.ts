import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { encode } from '../codec/codec.ts';
import { u8, u32 } from '../codec/scalar.ts';
import { dumpOf } from '../message/request.ts';
import { endOfDump, fakeTransport, kernelMessage, messagesIn } from '../testing/fake-kernel.ts';
import { connectionOver } from './open.ts';

const numbers = dumpOf({ operation: 'list numbers', type: 18, codec: u8, value: 0, itemCodec: u32, item: (n) => n });

/** A kernel that answers when the test says so. */
function slowKernel() {
  let sent = 0;
  const waiting: (() => void)[] = [];
  const inner = fakeTransport((chunk) => {
    const [request] = messagesIn(chunk);
    if (request === undefined) return [];
    return [kernelMessage({ type: 16, flags: 2, sequence: request.sequence }, encode(u32, 7)), endOfDump(request)];
  });
  const connection = connectionOver({
    ...inner,
    async transact(bytes, lengths) {
      sent += 1;
      await new Promise<void>((resolve) => waiting.push(resolve));
      return inner.transact(bytes, lengths);
    },
  });
  return {
    connection,
    sent: () => sent,
    async answer(): Promise<void> {
      // A call is sent one turn after it was made.
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
      waiting.shift()?.();
    },
  };
}

it('a list that waits is taken back by its signal, and never asked for', async () => {
  const { connection, sent, answer } = slowKernel();
  const abort = new AbortController();
  const first = connection.dump(numbers);
  const second = connection.dump(numbers, { signal: abort.signal });
  const third = connection.dump(numbers);
  abort.abort(new Error('no more'));
  await expect(second).rejects.toThrow('no more');
  await answer();
  await answer();
  expect([(await first).items, (await third).items]).toEqual([[7], [7]]);
  expect(sent()).toBe(2);
  await expect(connection.dump(numbers, { signal: abort.signal })).rejects.toThrow('no more');
  expect(sent()).toBe(2);
});

it('a list that is being read comes to its end, and leaves no listener on the signal', async () => {
  const { connection, answer } = slowKernel();
  const abort = new AbortController();
  const list = connection.dump(numbers, { signal: abort.signal });
  expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1);
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  abort.abort();
  await answer();
  expect(await list).toEqual({ items: [7], interrupted: false });
  expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
});
