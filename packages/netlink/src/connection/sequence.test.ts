import { expect, it } from 'vitest';
import { encode } from '../codec/codec.ts';
import { u8, u32 } from '../codec/scalar.ts';
import { type RawMessage, readBody } from '../message/message.ts';
import { dumpOf, queryOf, type Request } from '../message/request.ts';
import { acknowledge, type FakeKernel, fakeTransport, kernelMessage, messagesIn } from '../testing/fake-kernel.ts';
import { NLM_F_ACK, NLM_F_REQUEST } from '../uapi/netlink.ts';
import { encodeRequests, sequenceAt } from './chunks.ts';
import { dumpOver } from './dump.ts';
import { settleBatch, settleTransaction } from './settle.ts';

const LAST = 0xffff_ffff;

/** A question that is answered by the number it asked. */
function ask(value: number): Request<number> {
  return queryOf({
    operation: `ask ${value}`,
    type: 16,
    codec: u32,
    value,
    reply: (messages) => messages.map((message) => readBody(u32, message)).at(-1) ?? -1,
  });
}

function echo(request: RawMessage): Uint8Array {
  return kernelMessage({ type: 16, sequence: request.sequence }, encode(u32, readBody(u32, request)));
}

/** Eight requests whose sequence numbers go over the edge, in chunks of three. */
async function overTheEdge(kernel: FakeKernel, lastFlags: number) {
  const requests = Array.from({ length: 8 }, (_, n) => ask(n));
  const first = LAST - 3;
  const limits = { bytes: Number.POSITIVE_INFINITY, messages: 3 };
  const encoded = encodeRequests(requests, { firstSequence: first, flags: NLM_F_REQUEST, lastFlags, limits });
  const replies = await fakeTransport(kernel).transact(encoded.bytes, encoded.lengths);
  return { requests, encoded, replies, first };
}

it('sequence numbers go on with 0 after the last of 32 bits', async () => {
  expect(sequenceAt(LAST - 1, 1)).toBe(LAST);
  expect(sequenceAt(LAST, 1)).toBe(0);
  const seen: number[] = [];
  await overTheEdge((chunk) => {
    seen.push(...messagesIn(chunk).map(({ sequence }) => sequence));
    return [];
  }, NLM_F_ACK);
  expect(seen).toEqual([LAST - 3, LAST - 2, LAST - 1, LAST, 0, 1, 2, 3]);
});

it('each answer is found on both sides of the edge, in whatever order they come', async () => {
  const sent = await overTheEdge((chunk) => {
    const messages = messagesIn(chunk);
    return messages.flatMap((message) => [acknowledge(message), echo(message)]).reverse();
  }, NLM_F_ACK);
  expect(settleBatch(sent)).toEqual(sent.requests.map((_, value) => ({ status: 'ok', value })));
});

it('an error, silence and the answer to somebody else stay apart there', async () => {
  const stranger = (sequence: number): Uint8Array => kernelMessage({ type: 16, sequence }, encode(u32, 99));
  const sent = await overTheEdge((chunk) => {
    const [, second, last] = messagesIn(chunk);
    if (second === undefined || last === undefined) return [];
    return [stranger(LAST - 4), acknowledge(second, 17), stranger(4), acknowledge(last)];
  }, NLM_F_ACK);
  const outcomes = settleBatch(sent);
  // The last chunk has two messages only, so that its acknowledgement does not come.
  expect(outcomes.map(({ status }) => status)).toEqual([
    'ok',
    'failed',
    'ok',
    'ok',
    'failed',
    'ok',
    'unknown',
    'unknown',
  ]);
  expect(outcomes.map((outcome) => (outcome.status === 'ok' ? outcome.value : undefined))).not.toContain(99);
  const silent = settleTransaction(await overTheEdge(() => [stranger(LAST - 4), stranger(4)], 0));
  expect(silent.map(({ status }) => status)).toEqual(new Array(8).fill('silent'));
});

it('a list is read by the number of its own request, before the edge and behind it', async () => {
  const numbers = dumpOf({ operation: 'list', type: 18, codec: u8, value: 0, itemCodec: u32, item: (n) => n });
  let sequence = LAST;
  const { items } = await dumpOver(numbers, async () => {
    const own = sequence;
    sequence = sequenceAt(sequence, 1);
    const item = (of: number, n: number): Uint8Array => kernelMessage({ type: 16, sequence: of }, encode(u32, n));
    const end = kernelMessage({ type: 3, flags: 2, sequence: own }, new Uint8Array(4));
    // The first attempt loses something and is read again.
    const reply = { sendErrno: 0, receiveErrno: own === LAST ? 105 : 0, datagrams: [item(LAST, 1), item(0, 2), end] };
    return { reply, sequence: own };
  });
  expect(items).toEqual([2]);
});
