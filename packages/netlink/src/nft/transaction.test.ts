import { describe, expect, test } from 'vitest';
import type { RawMessage } from '../message/message.ts';
import { acknowledge, fakeConnection, messagesIn } from '../testing/fake-kernel.ts';
import { EEXIST, ENOBUFS, ENOENT } from '../uapi/errno.ts';
import { NLM_F_ACK } from '../uapi/netlink.ts';
import { NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END } from '../uapi/nfnetlink.ts';
import { nft } from './nft.ts';
import { nftTransaction, type TransactionResult } from './transaction.ts';

const EBUSY = 16;
const ERESTART = 85;

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
    expect(await nftTransaction(connection, [])).toEqual({ status: 'ok' });
  });
});

describe('what the answers mean', () => {
  test('the end is acknowledged: done', async () => {
    expect((await transact(acknowledged)).result).toEqual({ status: 'ok' });
  });

  test('kernels before 6.10 acknowledge the last request and not the end: done', async () => {
    expect((await transact((index) => (index === 3 ? 0 : undefined))).result).toEqual({ status: 'ok' });
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
