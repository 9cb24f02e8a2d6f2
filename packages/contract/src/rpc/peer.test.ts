import { describe, expect, test } from 'vitest';
import { type Channel, channelPair } from '../channel.ts';
import { KcoreError } from '../errors.ts';
import { type Handlers, Peer, type PeerOptions } from './peer.ts';

const network = { name: 'prod', requestId: '0123456789abcdef', targetNodes: [], allNodes: false };

function peers(handlers: Handlers, options: PeerOptions = {}) {
  const [left, right] = channelPair();
  const client = new Peer(left, options);
  const server = new Peer(right, options);
  server.serve(handlers);
  return { client, server, left };
}

/** A peer that talks to a bare channel: what it sends can be read, and anything can be sent to it. */
function peerAndWire(handlers: Handlers = {}, options: PeerOptions = {}) {
  const [left, wire] = channelPair();
  const peer = new Peer(left, options);
  peer.serve(handlers);
  return { peer, wire };
}

async function nextMessage(channel: Channel): Promise<Record<string, unknown>> {
  for await (const text of channel.messages) return JSON.parse(text);
  throw new Error('the channel ended');
}

async function failureOf(promise: Promise<unknown>): Promise<KcoreError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof KcoreError) return error;
  throw new Error('no KcoreError');
}

describe('calls', () => {
  test('a result comes back', async () => {
    const { client } = peers({ 'network.delete': ({ name }) => ({ name, nodes: ['n1'], remaining: [] }) });
    expect(await client.call('network.delete', network)).toEqual({ name: 'prod', nodes: ['n1'], remaining: [] });
  });

  test('an error keeps its code, text and details', async () => {
    const { client } = peers({
      'network.delete': () => {
        throw new KcoreError('FailedPrecondition', 'still in use', { remedy: 'delete the VM', vms: ['a'] });
      },
    });
    const error = await failureOf(client.call('network.delete', network));
    expect(error).toMatchObject({
      code: 'FailedPrecondition',
      message: 'still in use',
      details: { remedy: 'delete the VM', vms: ['a'] },
    });
  });

  test("a handler's bug is Internal, and its particulars stay where they are", async () => {
    const problems: unknown[] = [];
    const { client } = peers(
      {
        'node.list': () => {
          throw new TypeError('secret of the server');
        },
      },
      { onProblem: (_event, error) => problems.push(error) },
    );
    const error = await failureOf(client.call('node.list', {}));
    expect(error.code).toBe('Internal');
    expect(error.message).not.toContain('secret');
    expect(problems).toHaveLength(1);
  });

  test('both ends check parameters', async () => {
    const { client } = peers({});
    const wrong = { ...network, name: 7 } as unknown as typeof network;
    expect((await failureOf(client.call('network.delete', wrong))).code).toBe('InvalidArgument');

    const { wire } = peerAndWire({ 'vm.get': () => expect.unreachable() });
    wire.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'vm.get', params: { name: 7 } }));
    expect(await nextMessage(wire)).toMatchObject({ id: 1, error: { data: { code: 'InvalidArgument' } } });
  });

  test('both ends check results', async () => {
    const bad = (() => ({ nodes: 'all' })) as unknown as NonNullable<Handlers['node.list']>;
    const { client } = peers({ 'node.list': bad });
    expect((await failureOf(client.call('node.list', {}))).code).toBe('Internal');

    const { peer, wire } = peerAndWire();
    const call = failureOf(peer.call('node.list', {}));
    const { id } = await nextMessage(wire);
    wire.send(JSON.stringify({ jsonrpc: '2.0', id, result: { nodes: 'all' } }));
    expect((await call).message).toContain('the answer cannot be understood');
  });

  test('answers may come in another order', async () => {
    const release: (() => void)[] = [];
    const { client } = peers({
      'vm.delete': ({ name }) => new Promise((resolve) => release.push(() => resolve({ name, node: 'n1' }))),
    });
    const calls = ['a', 'b'].map((name) => client.call('vm.delete', { name, requestId: network.requestId }));
    await expect.poll(() => release.length).toBe(2);
    release[1]?.();
    release[0]?.();
    expect((await Promise.all(calls)).map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('an unknown method is answered', async () => {
    const { peer, wire } = peerAndWire();
    wire.send(JSON.stringify({ jsonrpc: '2.0', id: 'x', method: 'toString', params: {} }));
    expect(await nextMessage(wire)).toMatchObject({ id: 'x', error: { code: -32601 } });
    peer.close();
  });

  test('calls waiting for an answer are bounded', async () => {
    const { client } = peers({ 'node.list': () => new Promise(() => {}) }, { maxPending: 2 });
    const first = [client.call('node.list', {}), client.call('node.list', {})];
    expect((await failureOf(client.call('node.list', {}))).code).toBe('Unavailable');
    client.close();
    expect((await Promise.allSettled(first)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('calls served at once are bounded; the rest wait unread', async () => {
    const release: (() => void)[] = [];
    const { client } = peers(
      { 'node.list': () => new Promise((resolve) => release.push(() => resolve({ nodes: [] }))) },
      { maxServing: 2 },
    );
    const calls = [1, 2, 3].map(() => client.call('node.list', {}));
    await expect.poll(() => release.length).toBe(2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(release).toHaveLength(2);
    release[0]?.();
    await expect.poll(() => release.length).toBe(3);
    for (const each of release) each();
    await Promise.all(calls);
  });
});

describe('what cannot be known', () => {
  test('a connection lost during a call: Unavailable with an unknown outcome', async () => {
    const { client, server } = peers({ 'network.delete': () => new Promise(() => {}) });
    const call = failureOf(client.call('network.delete', network));
    server.close(1001, 'shutting down');
    expect(await call).toMatchObject({ code: 'Unavailable', details: { outcome: 'unknown' } });
  });

  test('a call on a closed connection was not sent, and says so', async () => {
    const { client } = peers({});
    client.close();
    await client.closed;
    const error = await failureOf(client.call('network.delete', network));
    expect(error.code).toBe('Unavailable');
    expect(error.details['outcome']).toBeUndefined();
  });

  test('being sent away is PermissionDenied', async () => {
    const { client, server } = peers({ 'node.list': () => new Promise(() => {}) });
    const call = failureOf(client.call('node.list', {}));
    server.close(4403, "node 'n1' was deleted");
    expect(await call).toMatchObject({ code: 'PermissionDenied', message: expect.stringContaining('was deleted') });
  });

  test('time is up', async () => {
    const { client } = peers({ 'node.list': () => new Promise(() => {}) });
    const error = await failureOf(client.call('node.list', {}, { timeoutMs: 5 }));
    expect(error).toMatchObject({ code: 'DeadlineExceeded', details: { outcome: 'unknown' } });
  });

  test('the caller gives up', async () => {
    const { client } = peers({ 'node.list': () => new Promise(() => {}) });
    const abort = new AbortController();
    const call = failureOf(client.call('node.list', {}, { signal: abort.signal }));
    abort.abort();
    expect((await call).code).toBe('Aborted');
    expect((await failureOf(client.call('node.list', {}, { signal: abort.signal }))).message).toContain('before');
  });
});

describe('notifications', () => {
  const change = { epoch: 'e', revision: 3, snapshot: true, set: [], delete: [] };

  test('arrive in order, also those sent before anybody listened in the same turn', async () => {
    const [left, right] = channelPair();
    const sender = new Peer(left);
    for (const revision of [1, 2, 3]) sender.notify('spec.change', { ...change, revision });
    const heard: number[] = [];
    new Peer(right).onNotification('spec.change', ({ revision }) => heard.push(revision));
    await expect.poll(() => heard).toEqual([1, 2, 3]);
  });

  test('one that does not fit the schema closes the connection', async () => {
    const { peer, wire } = peerAndWire();
    wire.send(JSON.stringify({ jsonrpc: '2.0', method: 'spec.change', params: { revision: 'x' } }));
    expect((await peer.closed).code).toBe(1002);
  });

  test('one of another version is left alone', async () => {
    const { wire } = peerAndWire({ 'node.list': () => ({ nodes: [] }) });
    wire.send(JSON.stringify({ jsonrpc: '2.0', method: 'news.of.v2', params: {} }));
    wire.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'node.list', params: {} }));
    expect(await nextMessage(wire)).toMatchObject({ id: 1, result: { nodes: [] } });
  });
});

describe('malformed messages', () => {
  test.each([
    ['no JSON', '{'],
    ['an array', '[]'],
    ['null', 'null'],
    ['another version', '{"jsonrpc":"1.0","id":1,"method":"node.list"}'],
    ['no method', '{"jsonrpc":"2.0","id":1}'],
    ['an object as id', '{"jsonrpc":"2.0","id":{},"method":"node.list"}'],
    ['a prototype', '{"jsonrpc":"2.0","id":1,"__proto__":{"method":"node.list"}}'],
  ])('%s: answered, then closed', async (_name, text) => {
    const { peer, wire } = peerAndWire({ 'node.list': () => expect.unreachable() });
    wire.send(text);
    expect(await nextMessage(wire)).toMatchObject({ id: null, error: { code: expect.any(Number) } });
    expect((await peer.closed).code).toBe(1002);
  });

  test('an answer to nothing is left alone', async () => {
    const { peer, wire } = peerAndWire();
    wire.send('{"jsonrpc":"2.0","id":77,"result":{}}');
    wire.send('{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"?"}}');
    const call = peer.call('node.list', {});
    const { id } = await nextMessage(wire);
    wire.send(JSON.stringify({ jsonrpc: '2.0', id, result: { nodes: [] } }));
    expect(await call).toEqual({ nodes: [] });
  });
});
