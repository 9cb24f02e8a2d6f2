import { describe, expect, test } from 'vitest';
import type { RawMessage } from '../message/message.ts';
import { acknowledge, fakeConnection, kernelMessage, messagesIn } from '../testing/fake-kernel.ts';
import { EEXIST, ENOBUFS, ENOENT } from '../uapi/errno.ts';
import { NLM_F_ACK } from '../uapi/netlink.ts';
import { NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END } from '../uapi/nfnetlink.ts';
import { nft } from './nft.ts';
import { nftTransaction, type TransactionResult } from './transaction.ts';

const EBUSY = 16;
const ERESTART = 85;
const GETGEN = 0x0a10;
const NEWGEN = 0x0a0f;

const requests = ['a', 'b', 'c'].map((name) => nft.tables.create({ family: 'ip', name }));

/** `answer`: the errno each message is answered with; undefined is silence. 0: BEGIN, 1 to 3: requests, 4: END. */
async function transact(
  answer: (index: number, message: RawMessage) => number | undefined,
  receiveErrno = 0,
): Promise<{ readonly result: TransactionResult; readonly sent: readonly RawMessage[] }> {
  const sent: RawMessage[] = [];
  await using connection = fakeConnection((bytes) => {
    const messages = messagesIn(bytes);
    sent.push(...messages);
    const datagrams = messages.flatMap((message, index) => {
      const errno = answer(index, message);
      return errno === undefined ? [] : [acknowledge(message, errno)];
    });
    return { datagrams, receiveErrno };
  });
  return { result: await nftTransaction(connection, requests), sent };
}

const acknowledged = (_index: number, message: RawMessage): number | undefined =>
  (message.flags & NLM_F_ACK) === 0 ? undefined : 0;

describe('what is sent', () => {
  test('one batch; only its end and the last request ask for an acknowledgement', async () => {
    const { sent } = await transact(acknowledged);
    expect(sent.map(({ type }) => type)).toEqual([NFNL_MSG_BATCH_BEGIN, 0x0a00, 0x0a00, 0x0a00, NFNL_MSG_BATCH_END]);
    expect(sent.map(({ flags }) => (flags & NLM_F_ACK) !== 0)).toEqual([false, false, false, true, true]);
    expect(new Set(sent.map(({ sequence }) => sequence)).size).toBe(5);
  });

  test('nothing for no requests', async () => {
    await using connection = fakeConnection(() => {
      throw new Error('sent');
    });
    expect(await nftTransaction(connection, [])).toMatchObject({ status: 'ok' });
  });
});

describe('what the answers mean', () => {
  test('the end is acknowledged: done', async () => {
    expect((await transact(acknowledged)).result).toMatchObject({ status: 'ok' });
  });

  test('kernels before 6.10 acknowledge the last request and not the end: done', async () => {
    expect((await transact((index) => (index === 3 ? 0 : undefined))).result).toMatchObject({ status: 'ok' });
  });

  test('an error is of its request, also when good ones are acknowledged', async () => {
    const { result } = await transact((index) => [undefined, EEXIST, undefined, 0, undefined][index]);
    expect(result).toMatchObject({
      status: 'failed',
      failures: [{ index: 0, error: { code: 'EEXIST', operation: 'create table ip a' } }],
    });
  });

  test('several errors are all told', async () => {
    const { result } = await transact((index) => (index === 1 || index === 3 ? ENOENT : undefined));
    expect(result).toMatchObject({ status: 'failed', failures: [{ index: 0 }, { index: 2 }] });
  });

  test('an error of the end is blamed on the last request', async () => {
    const { result } = await transact((index) => (index === 4 ? EBUSY : undefined));
    expect(result).toMatchObject({ status: 'failed', failures: [{ index: 2, error: { code: 'EBUSY' } }] });
  });

  test('an error of the beginning is one of the generation', async () => {
    const { result } = await transact((index) => (index === 0 ? ERESTART : undefined));
    expect(result).toMatchObject({ status: 'stale', error: { code: 'ERESTART' } });
  });

  test('silence is no success', async () => {
    const { result } = await transact(() => undefined);
    expect(result).toMatchObject({ status: 'unknown', error: { code: 'UNKNOWN_OUTCOME' } });
  });

  test('a lost acknowledgement is unknown', async () => {
    const { result } = await transact(() => undefined, ENOBUFS);
    expect(result).toMatchObject({ status: 'unknown' });
  });
});

describe('what fails as a whole', () => {
  const EPERM = 1;
  const EMSGSIZE = 90;

  test('any error of the beginning but that of the generation: refused', async () => {
    const { result } = await transact((index) => (index === 0 ? EPERM : undefined));
    expect(result).toMatchObject({ status: 'refused', error: { code: 'EPERM' } });
  });

  test('what does not fit the socket was not sent; the remedy is told', async () => {
    await using connection = fakeConnection(() => ({ sendErrno: EMSGSIZE }));
    expect(await nftTransaction(connection, requests)).toMatchObject({
      status: 'refused',
      error: { code: 'EMSGSIZE', message: expect.stringContaining('larger sendBuffer') },
    });
  });

  test.each([
    [7, 'refused'],
    [8, 'unknown'],
  ])('a lost answer to a transaction for generation 7, which is %d now: %s', async (id, status) => {
    await using connection = fakeConnection((bytes) => {
      const [message] = messagesIn(bytes);
      if (message?.type !== GETGEN) return { receiveErrno: ENOBUFS };
      const payload = Uint8Array.of(0, 0, 0, 0, 8, 0, 1, 0, 0, 0, 0, id);
      return [kernelMessage({ type: NEWGEN, sequence: message.sequence }, payload), acknowledge(message)];
    });
    expect(await nftTransaction(connection, requests, { generation: 7 })).toMatchObject({ status });
  });
});

test('results of requests that have one are values, in their places', async () => {
  const table = nft.tables.create({ family: 'ip', name: 'e' }, { echo: true });
  await using connection = fakeConnection((bytes) => {
    const [, , second, end] = messagesIn(bytes);
    if (second === undefined || end === undefined) throw new Error('no batch');
    const payload = Uint8Array.of(2, 0, 0, 0, 6, 0, 1, 0, 0x65, 0, 0, 0);
    const echo = kernelMessage({ type: 0x0a00, sequence: second.sequence }, payload);
    return [echo, acknowledge(second), acknowledge(end)];
  });
  const result = await nftTransaction(connection, [nft.tables.create({ family: 'ip', name: 'a' }), table]);
  expect(result).toEqual({ status: 'ok', values: [undefined, { family: 'ip', name: 'e', flags: {} }] });
});
