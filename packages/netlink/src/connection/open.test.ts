import { describe, expect, it } from 'vitest';
import { attributes } from '../codec/attributes.ts';
import { body } from '../codec/body.ts';
import { encode } from '../codec/codec.ts';
import { ValueError } from '../codec/error.ts';
import { nested } from '../codec/nested.ts';
import { u8, u32 } from '../codec/scalar.ts';
import { struct } from '../codec/struct.ts';
import { cstring } from '../codec/text.ts';
import { ClosedError, NetlinkError, ProtocolError, UnknownOutcomeError } from '../error.ts';
import { type RawMessage, readBody } from '../message/message.ts';
import { type DumpRequest, dumpOf, queryOf, type Request, requestOf, withFlags } from '../message/request.ts';
import {
  acknowledge,
  endOfDump,
  type FakeKernel,
  fakeConnection,
  fakeTransport,
  kernelMessage,
  messagesIn,
} from '../testing/fake-kernel.ts';
import { NLM_F_ACK } from '../uapi/netlink.ts';
import { connectionOver } from './open.ts';
import type { Trace } from './trace.ts';

const header = struct({ family: u8 });
const codec = body(
  header,
  attributes(() => ({ number: [1, u32], inner: [2, nested(attributes(() => ({ vni: [1, u32] })))] })),
);

function request(number: number): Request<void> {
  const value = { header: { family: 0 }, attributes: { inner: { vni: number }, number } };
  return requestOf({ operation: `create thing ${number}`, type: 16, flags: 0x600, codec, value });
}

const things: DumpRequest<number> = dumpOf({
  operation: 'list things',
  type: 18,
  codec: header,
  value: { family: 0 },
  itemCodec: codec,
  item: ({ attributes: { number } }) => number,
});

function thing(to: RawMessage, number: number, flags = 2): Uint8Array {
  const payload = encode(codec, { header: { family: 0 }, attributes: { number } });
  return kernelMessage({ type: 16, flags, sequence: to.sequence }, payload);
}

/** Answers each message of a chunk by `answer`. */
function each(answer: (message: RawMessage, index: number) => readonly Uint8Array[]): FakeKernel {
  return (chunk) => messagesIn(chunk).flatMap(answer);
}

const first = (chunk: Uint8Array): RawMessage => {
  const [message] = messagesIn(chunk);
  if (message === undefined) throw new Error('an empty chunk');
  return message;
};

describe('a request', () => {
  it('asks for an acknowledgement, and succeeds by it', async () => {
    const seen: RawMessage[] = [];
    await using connection = fakeConnection(
      each((message) => {
        seen.push(message);
        return [acknowledge(message)];
      }),
    );
    await expect(connection.request(request(1))).resolves.toBeUndefined();
    expect(seen).toMatchObject([{ type: 16, flags: 0x605, portId: 0 }]);
  });

  it('makes its result from what came before the acknowledgement', async () => {
    await using connection = fakeConnection(each((message) => [thing(message, 7, 0), acknowledge(message)]));
    const query = queryOf({
      operation: 'get',
      type: 18,
      codec: header,
      value: { family: 0 },
      reply: (all) => all.length,
    });
    await expect(connection.request(query)).resolves.toBe(1);
  });

  it("fails with the kernel's text and the name of the attribute", async () => {
    // 16 bytes of header, 4 of family and padding, 4 of the nest's header.
    const kernel = each((message) => [acknowledge(message, 34, { message: 'VNI out of range', offset: 24 })]);
    await using connection = fakeConnection(kernel);
    const wrong = request(1);
    const error = await connection.request(wrong).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NetlinkError);
    expect(error).toMatchObject({
      message: 'create thing 1: ERANGE: VNI out of range (inner.vni)',
      code: 'ERANGE',
      errno: 34,
      operation: 'create thing 1',
      attribute: 'inner.vni',
      offset: 24,
      kernelMessage: 'VNI out of range',
      request: wrong,
    });
  });

  it('has no text and no attribute when the kernel gave none', async () => {
    await using connection = fakeConnection(each((message) => [acknowledge(message, 17)]));
    const error = await connection.request(request(1)).catch((caught: unknown) => caught);
    expect((error as Error).message).toBe('create thing 1: EEXIST');
    expect(Object.keys(error as object)).not.toContain('kernelMessage');
  });

  it('is of unknown outcome when the kernel is silent', async () => {
    await using connection = fakeConnection(() => []);
    const error = await connection.request(request(1)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UnknownOutcomeError);
    expect(error).toMatchObject({
      message: /: the outcome is unknown: the kernel answered neither with success nor with an error$/,
      cause: { name: 'ProtocolError' },
    });
  });

  it('is of unknown outcome when it was done and its answer cannot be read', async () => {
    await using connection = fakeConnection(each((message) => [thing(message, 7, 0), acknowledge(message)]));
    const unreadable = queryOf({
      operation: 'create and tell',
      type: 18,
      codec: header,
      value: { family: 0 },
      reply: () => {
        throw new Error('too short');
      },
    });
    await expect(connection.request(unreadable)).rejects.toThrow(UnknownOutcomeError);
  });

  it('is of unknown outcome when answers were lost', async () => {
    await using connection = fakeConnection(() => ({ receiveErrno: 105 }));
    await expect(connection.request(request(1))).rejects.toThrow(UnknownOutcomeError);
  });

  it('was not executed when sendmsg refused it', async () => {
    await using connection = fakeConnection(() => ({ sendErrno: 90 }));
    await expect(connection.request(request(1))).rejects.toMatchObject({ name: 'NetlinkError', code: 'EMSGSIZE' });
  });

  it.each<[string, (message: RawMessage) => Uint8Array]>([
    ['stray bytes', () => new Uint8Array(3)],
    ['a length beyond the datagram', (message) => acknowledge(message).slice(0, 20)],
    [
      'an acknowledgement without its errno',
      (message) => kernelMessage({ type: 2, sequence: message.sequence }, new Uint8Array(2)),
    ],
  ])('is a protocol error when the kernel sends %s', async (_, datagram) => {
    await using connection = fakeConnection((chunk) => [datagram(first(chunk))]);
    await expect(connection.request(request(1))).rejects.toThrow(ProtocolError);
  });

  it('ignores answers to somebody else', async () => {
    const stale = (message: RawMessage) => acknowledge({ ...message, sequence: message.sequence - 1 }, 17);
    await using connection = fakeConnection(each((message) => [stale(message), acknowledge(message)]));
    await expect(connection.request(request(1))).resolves.toBeUndefined();
  });
});

describe('a batch', () => {
  it('goes in chunks of 8 KiB and 200 messages at most', async () => {
    const chunks: { readonly bytes: number; readonly messages: number }[] = [];
    await using connection = fakeConnection((chunk) => {
      chunks.push({ bytes: chunk.byteLength, messages: messagesIn(chunk).length });
      return messagesIn(chunk).map((message) => acknowledge(message));
    });
    const outcomes = await connection.batch(Array.from({ length: 1000 }, (_, n) => request(n)));
    expect(outcomes.every(({ status }) => status === 'ok')).toBe(true);
    expect(Math.max(...chunks.map(({ bytes }) => bytes))).toBeLessThanOrEqual(8192);
    expect(Math.max(...chunks.map(({ messages }) => messages))).toBeLessThanOrEqual(200);
    expect(chunks.reduce((sum, { messages }) => sum + messages, 0)).toBe(1000);
    const tiny: Request<void> = requestOf({ operation: 'tiny', type: 16, codec: header, value: { family: 0 } });
    chunks.length = 0;
    await connection.batch(Array.from({ length: 401 }, () => tiny));
    expect(chunks.map(({ messages }) => messages)).toEqual([200, 200, 1]);
  });

  it('settles each item by its sequence number, whatever the order of the answers', async () => {
    const kernel: FakeKernel = (chunk) =>
      messagesIn(chunk)
        .map((message, index) => acknowledge(message, index === 1 ? 17 : 0))
        .reverse();
    await using connection = fakeConnection(kernel);
    const outcomes = await connection.batch([request(0), request(1), request(2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['ok', 'failed', 'ok']);
  });

  it('keeps ok, failed and unknown apart when acknowledgements are lost', async () => {
    const kernel: FakeKernel = (chunk) => {
      const [a, b] = messagesIn(chunk);
      return { datagrams: a && b ? [acknowledge(a), acknowledge(b, 17)] : [], receiveErrno: 105 };
    };
    await using connection = fakeConnection(kernel);
    const outcomes = await connection.batch([request(0), request(1), request(2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['ok', 'failed', 'unknown']);
  });

  it('asks for one acknowledgement a chunk, of its last message, which proves the silent ones before it', async () => {
    const flags: number[] = [];
    const kernel: FakeKernel = (chunk) => {
      const messages = messagesIn(chunk);
      flags.push(...messages.map((message) => message.flags));
      return messages.filter((message) => (message.flags & 4) !== 0).map((message) => acknowledge(message));
    };
    await using connection = fakeConnection(kernel);
    const outcomes = await connection.batch(Array.from({ length: 450 }, (_, n) => request(n)));
    expect(outcomes.every(({ status }) => status === 'ok')).toBe(true);
    // 40 bytes each: 200 in a chunk.
    expect(flags.flatMap((flag, index) => (flag === 0x605 ? [index] : []))).toEqual([199, 399, 449]);
  });

  it('takes silence for nothing when its chunk was not proven to the end', async () => {
    // The kernel drops what follows a message of a wrong length without a word.
    const kernel: FakeKernel = (chunk) => {
      const [, second] = messagesIn(chunk);
      return second === undefined ? [] : [acknowledge(second, 17)];
    };
    await using connection = fakeConnection(kernel);
    const outcomes = await connection.batch([request(0), request(1), request(2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['unknown', 'failed', 'unknown']);
    expect(outcomes[0]).toMatchObject({ error: { cause: { name: 'ProtocolError' } } });
  });

  it('finds room for messages that are longer than the first', async () => {
    const seen: number[] = [];
    await using connection = fakeConnection(
      each((message) => {
        const { attributes: read } = readBody(codec, message);
        seen.push(read.number ?? -1, read.unknown?.[0]?.data.length ?? 0);
        expect(read.unknown?.[0]?.data.every((byte) => byte === 7) ?? true).toBe(true);
        return [acknowledge(message)];
      }),
    );
    const long = (number: number): Request<void> => {
      const unknown = [{ type: 99, data: new Uint8Array(number * 61).fill(7) }];
      const value = { header: { family: 1 }, attributes: { unknown, number } };
      return requestOf({ operation: 'long', type: 16, codec, value });
    };
    const numbers = [0, 1, 2, 30, 5, 120];
    const outcomes = await connection.batch(numbers.map(long));
    expect(outcomes.map(({ status }) => status)).toEqual(numbers.map(() => 'ok'));
    expect(seen).toEqual(numbers.flatMap((number) => [number, number * 61]));
  });

  it('finds room for text too, which is cut without an error where the room ends', async () => {
    const named = body(
      header,
      attributes(() => ({ name: [3, cstring] })),
    );
    const seen: (string | undefined)[] = [];
    await using connection = fakeConnection(
      each((message) => {
        seen.push(readBody(named, message).attributes.name);
        return [acknowledge(message)];
      }),
    );
    const names = ['a', 'b'.repeat(1000), 'ö'.repeat(300)];
    const outcomes = await connection.batch(
      names.map((name) =>
        requestOf({
          operation: 'name',
          type: 16,
          codec: named,
          value: { header: { family: 0 }, attributes: { name } },
        }),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
    expect(seen).toEqual(names);
  });

  it('does not believe silence when answers were lost, even if the last one came', async () => {
    const kernel: FakeKernel = (chunk) => {
      const last = messagesIn(chunk).at(-1);
      return { datagrams: last === undefined ? [] : [acknowledge(last)], receiveErrno: 105 };
    };
    await using connection = fakeConnection(kernel);
    const outcomes = await connection.batch([request(0), request(1), request(2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['unknown', 'unknown', 'ok']);
  });

  it('leaves out what cannot be encoded, which fails by itself', async () => {
    const seen: number[] = [];
    await using connection = fakeConnection(
      each((message) => {
        seen.push(message.sequence);
        return (message.flags & NLM_F_ACK) === 0 ? [] : [acknowledge(message)];
      }),
    );
    const outcomes = await connection.batch([request(-1), request(1), request(-1), request(2), request(-1)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['failed', 'ok', 'failed', 'ok', 'failed']);
    expect(outcomes[2]).toMatchObject({ error: { code: 'INVALID_VALUE', path: expect.stringMatching(/inner\.vni$/) } });
    expect(seen).toHaveLength(2);
  });

  it('of nothing that can be encoded sends nothing; neither does a request, nor a transaction with one such', async () => {
    await using connection = fakeConnection(() => {
      throw new Error('must not be called');
    });
    expect((await connection.batch([request(-1)])).map(({ status }) => status)).toEqual(['failed']);
    await expect(connection.request(request(-1))).rejects.toThrow(/inner\.vni: -1/);
    await expect(connection.transaction([request(1), request(-1)])).rejects.toThrow(/inner\.vni: -1/);
  });

  it('of many parts has the outcomes in order, and sends the next part before the last is answered', async () => {
    const under = { way: 0, most: 0 };
    const kernel = fakeTransport(each((message) => ((message.flags & NLM_F_ACK) === 0 ? [] : [acknowledge(message)])));
    await using connection = connectionOver({
      async transact(bytes, lengths) {
        under.way += 1;
        under.most = Math.max(under.most, under.way);
        const replies = await kernel.transact(bytes, lengths);
        await new Promise((resolve) => setImmediate(resolve));
        under.way -= 1;
        return replies;
      },
      [Symbol.asyncDispose]: () => kernel[Symbol.asyncDispose](),
    });
    const outcomes = await connection.batch(Array.from({ length: 20_000 }, (_, n) => request(n % 7 === 3 ? -1 : n)));
    expect(outcomes.map(({ status }, n) => (n % 7 === 3) === (status === 'failed'))).not.toContain(false);
    expect(under.most).toBe(2);
  });

  it('stops between its parts when its signal says so, and tells what was sent and what was not', async () => {
    const controller = new AbortController();
    let sent = 0;
    await using connection = fakeConnection((chunk) => {
      const messages = messagesIn(chunk);
      sent += messages.length;
      controller.abort();
      return messages.map((message) => acknowledge(message));
    });
    const outcomes = await connection.batch(
      Array.from({ length: 20_000 }, (_, n) => request(n)),
      { signal: controller.signal },
    );
    expect(outcomes).toHaveLength(20_000);
    expect(sent).toBeLessThan(20_000);
    expect(outcomes.slice(0, sent).every(({ status }) => status === 'ok')).toBe(true);
    expect(outcomes[sent]).toMatchObject({
      status: 'failed',
      error: {
        code: 'ECANCELED',
        message: `create thing ${sent}: ECANCELED: the batch was stopped before this was sent`,
      },
    });
    expect(outcomes.slice(sent).every(({ status }) => status === 'failed')).toBe(true);
  });

  it('stops when the connection is closed, also one whose requests never end', async () => {
    let made = 0;
    let returned = false;
    function* endless(): Generator<Request<void>> {
      try {
        for (;;) yield request(made++ % 1000);
      } finally {
        returned = true;
      }
    }
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const connection = fakeConnection((chunk) => {
      answer();
      return messagesIn(chunk).map((message) => acknowledge(message));
    });
    const batch = connection.batch(endless());
    await answered;
    await connection[Symbol.asyncDispose]();
    const outcomes = await batch;
    expect(outcomes).toHaveLength(made);
    expect(outcomes.at(-1)).toMatchObject({ status: 'failed', error: { code: 'ECANCELED' } });
    expect(returned).toBe(true);
  });

  it('fails what is of quite another type by itself, and does not throw', async () => {
    await using connection = fakeConnection(each((message) => [acknowledge(message)]));
    const bad = requestOf({
      operation: 'create nonsense',
      type: 16,
      codec: { measure: () => 4, write: (value: { family: string[] }) => void value.family.at(0)?.at(0) },
      value: { family: 5 as unknown as string[] },
    });
    const outcomes = await connection.batch([request(0), bad, request(2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['ok', 'failed', 'ok']);
    expect(outcomes[1]).toMatchObject({
      error: { name: 'ValueError', message: /^cannot be encoded: TypeError/, cause: { name: 'TypeError' } },
    });
    await expect(connection.request(bad)).rejects.toThrow(ValueError);
  });

  it('takes requests that are made one by one, and no more of them than are under way', async () => {
    const made = { count: 0, atFirstAnswer: 0 };
    await using connection = fakeConnection((chunk) => {
      made.atFirstAnswer ||= made.count;
      return messagesIn(chunk).flatMap((message) => ((message.flags & NLM_F_ACK) === 0 ? [] : [acknowledge(message)]));
    });
    const many = function* (): Generator<Request<void>> {
      for (let n = 0; n < 20_000; n += 1) {
        made.count += 1;
        yield request(n);
      }
    };
    const outcomes = await connection.batch(many());
    expect(outcomes).toHaveLength(20_000);
    expect(outcomes.every(({ status }) => status === 'ok')).toBe(true);
    expect(made.atFirstAnswer).toBeLessThan(10_000);
  });

  it('of nothing is nothing', async () => {
    await using connection = fakeConnection(() => {
      throw new Error('must not be called');
    });
    expect(await connection.batch([])).toEqual([]);
  });
});

it('a transaction is one chunk with the flags as they are, and silence is told apart', async () => {
  const chunks: Uint8Array[] = [];
  await using connection = fakeConnection((chunk) => {
    chunks.push(chunk);
    const all = messagesIn(chunk);
    const last = all.at(-1);
    return last === undefined ? [] : [acknowledge(last)];
  });
  const outcomes = await connection.transaction(Array.from({ length: 500 }, (_, n) => request(n)));
  expect(chunks).toHaveLength(1);
  expect(messagesIn(chunks[0] ?? new Uint8Array())[0]?.flags).toBe(0x600);
  expect(outcomes.map(({ status }) => status)).toEqual([...new Array(499).fill('silent'), 'ok']);
});

it('says which capability is missing, where the kernel only says no', async () => {
  await using connection = fakeConnection(each((message) => [acknowledge(message, 1)]));
  await expect(connection.request(request(1))).rejects.toThrow(
    /^create thing 1: EPERM: changes need CAP_NET_ADMIN in the user namespace that owns/,
  );
});

it('makes the text of an operation only when somebody reads it', async () => {
  let made = 0;
  const operation = (): string => {
    made += 1;
    return 'create lazily';
  };
  const lazy = requestOf({ operation, type: 16, codec: header, value: { family: 0 } });
  await using connection = fakeConnection(each((message) => [acknowledge(message, message.sequence === 2 ? 17 : 0)]));
  await connection.batch([lazy]);
  expect(made).toBe(0);
  await expect(connection.request(lazy)).rejects.toThrow('create lazily: EEXIST');
  const bulky = requestOf({
    operation: ({ family }) => `create ${family}`,
    type: 16,
    codec: header,
    value: { family: 300 },
  });
  expect(bulky.operation).toBe('create 300');
  await expect(connection.request(bulky)).rejects.toThrow(/family: 300 is not an integer/);
  expect(withFlags(lazy, 4)).toMatchObject({ operation: 'create lazily', flags: 4, type: 16 });
});

describe('a dump', () => {
  it('gathers the items of all datagrams', async () => {
    await using connection = fakeConnection((chunk) => {
      const message = first(chunk);
      expect(message.flags).toBe(0x301);
      return [Buffer.concat([thing(message, 1), thing(message, 2)]), thing(message, 3), endOfDump(message)];
    });
    expect(await connection.dump(things)).toEqual({ items: [1, 2, 3], interrupted: false });
  });

  it('is read again when one single message says that it was interrupted', async () => {
    let passes = 0;
    await using connection = fakeConnection((chunk) => {
      passes += 1;
      const message = first(chunk);
      return [thing(message, passes), thing(message, 9, passes === 1 ? 0x12 : 2), endOfDump(message)];
    });
    expect(await connection.dump(things)).toEqual({ items: [2, 9], interrupted: false });
  });

  it('is handed on marked when it is interrupted again and again', async () => {
    let passes = 0;
    await using connection = fakeConnection((chunk) => {
      passes += 1;
      return [thing(first(chunk), 1, 0x12), endOfDump(first(chunk))];
    });
    expect(await connection.dump(things)).toEqual({ items: [1], interrupted: true });
    expect(passes).toBe(5);
  });

  it('is read again when a part was lost, and in the end of unknown outcome', async () => {
    let passes = 0;
    await using connection = fakeConnection((chunk) => {
      passes += 1;
      const datagrams = [thing(first(chunk), 1), endOfDump(first(chunk))];
      return passes < 3 ? { datagrams, receiveErrno: 105 } : datagrams;
    });
    expect(await connection.dump(things)).toEqual({ items: [1], interrupted: false });
    await using deaf = fakeConnection(() => ({ receiveErrno: 105 }));
    await expect(deaf.dump(things)).rejects.toThrow(UnknownOutcomeError);
  });

  it('fails with what its end says, whose layout is another than that of an acknowledgement', async () => {
    await using connection = fakeConnection((chunk) => [endOfDump(first(chunk), 22, { message: 'Invalid index' })]);
    await expect(connection.dump(things)).rejects.toThrow('list things: EINVAL: Invalid index');
  });

  it('without an end is a protocol error, never a short list', async () => {
    await using connection = fakeConnection((chunk) => [thing(first(chunk), 1)]);
    await expect(connection.dump(things)).rejects.toThrow(ProtocolError);
  });
});

describe('the queue', () => {
  it('executes in order, takes back what still waits, and lets run what runs', async () => {
    const seen: number[] = [];
    await using connection = fakeConnection(
      each((message) => {
        seen.push(message.sequence);
        return [acknowledge(message)];
      }),
    );
    const abort = new AbortController();
    const running = connection.request(request(1), { signal: abort.signal });
    await Promise.resolve();
    await Promise.resolve();
    const waiting = connection.request(request(2), { signal: abort.signal }).catch((error: unknown) => error);
    const other = connection.request(request(3));
    abort.abort(new Error('not any more'));
    await expect(running).resolves.toBeUndefined();
    expect(await waiting).toMatchObject({ message: 'not any more' });
    await other;
    expect(seen).toEqual([1, 2]);
  });

  it('refuses an aborted signal at once', async () => {
    await using connection = fakeConnection(each((message) => [acknowledge(message)]));
    await expect(connection.request(request(1), { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
  });

  it('is bounded', async () => {
    await using connection = fakeConnection(each((message) => [acknowledge(message)]));
    const all = Array.from({ length: 10_002 }, () =>
      connection.request(request(1)).then(
        () => 'ok',
        (error: unknown) => String(error),
      ),
    );
    const results = await Promise.all(all);
    expect(results.filter((result) => result.includes('ENOBUFS')).length).toBeGreaterThan(0);
    expect(results.filter((result) => result === 'ok').length).toBeGreaterThanOrEqual(10_000);
  });

  it('refuses what comes after the end', async () => {
    const connection = fakeConnection(each((message) => [acknowledge(message)]));
    await connection[Symbol.asyncDispose]();
    await expect(connection.request(request(1))).rejects.toThrow(ClosedError);
  });
});

it('a trace shows each message both ways', async () => {
  const traces: Trace[] = [];
  await using connection = fakeConnection(
    each((message) => [acknowledge(message)]),
    { trace: (trace) => traces.push(trace) },
  );
  await connection.batch([request(1), request(2)]);
  expect(
    traces.map(({ direction, operation, message }) => [direction, operation, message.type, message.sequence]),
  ).toEqual([
    ['sent', 'create thing 1 and 1 more', 16, 1],
    ['sent', 'create thing 1 and 1 more', 16, 2],
    ['received', 'create thing 1 and 1 more', 2, 1],
    ['received', 'create thing 1 and 1 more', 2, 2],
  ]);
});
