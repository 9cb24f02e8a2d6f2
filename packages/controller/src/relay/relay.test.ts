import {
  type ByteStream,
  type Digest,
  type Handlers,
  type ImageStatus,
  KcoreError,
  methods,
  Peer,
} from '@kcore/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createNetwork,
  createVm,
  failureOf,
  nat,
  type TestAgent,
  type TestCluster,
  testCluster,
} from '../../test/cluster.ts';

let cluster: TestCluster;
let agent: TestAgent;
let admin: Peer;
/** Streams that the controller opened to the agent. */
let served: ByteStream[];

beforeEach(async () => {
  cluster = await testCluster();
  agent = await cluster.agent('node-1');
  admin = adminPeer();
  served = [];
  await createVm(cluster, 'web', { node: 'node-1' });
});
afterEach(() => cluster[Symbol.asyncDispose]());

const adminPeer = (): Peer => new Peer(cluster.connect({ kind: 'admin', cluster: 'lab', name: 'root' }));

const keep = (_params: unknown, stream: ByteStream) => {
  served.push(stream);
  return {};
};

async function console(handlers: Handlers = { 'guest.console': keep }) {
  agent.peer.serve(handlers);
  const { stream, result } = admin.openStream('vm.console', { name: 'web' });
  expect(await result).toEqual({ node: 'node-1' });
  const far = served.at(-1);
  if (far === undefined) throw new Error('the agent was not asked');
  return { near: stream, far };
}

async function next(stream: ByteStream): Promise<string> {
  for await (const bytes of stream.readable) return Buffer.from(bytes).toString();
  throw new Error('ended');
}

async function all(stream: ByteStream): Promise<number> {
  let read = 0;
  for await (const bytes of stream.readable) read += bytes.length;
  return read;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function turns(count: number): Promise<void> {
  for (let at = 0; at < count; at++) await turn();
}

describe('a console or log from a node to an admin', () => {
  test('goes both ways, and ends as it ends at the node', async () => {
    const { near, far } = await console();
    await near.write(Buffer.from('ls\n'));
    expect(await next(far)).toBe('ls\n');
    await far.write(Buffer.from('bin etc\n'));
    expect(await next(near)).toBe('bin etc\n');
    far.end();
    expect(await all(near)).toBe(0);
    near.end();
    expect(await all(far)).toBe(0);
    expect([await near.closed, await far.closed]).toEqual([undefined, undefined]);
  });

  test('fails as it fails at the node', async () => {
    const { near, far } = await console();
    far.fail(new KcoreError('Aborted', 'somebody else opened the console', { remedy: 'ask them' }));
    expect(await near.closed).toMatchObject({
      code: 'Aborted',
      message: 'somebody else opened the console',
      details: { remedy: 'ask them' },
    });
  });

  test('is told whole before it fails', async () => {
    const { near, far } = await console();
    void far.write(Buffer.alloc(400_000)).then(() => far.fail(new KcoreError('Internal', 'disk broke')));
    await turns(100);
    let heard = 0;
    const reading = (async () => {
      for await (const bytes of near.readable) heard += bytes.length;
    })();
    expect((await failureOf(reading)).message).toBe('disk broke');
    expect(heard).toBe(400_000);
  });

  test('a guest that reads nothing does not keep a caller that is gone', async () => {
    const { near, far } = await console();
    near.write(Buffer.alloc(2_000_000)).catch(() => {});
    await turns(100);
    near.fail(new KcoreError('Aborted', 'enough'));
    expect((await far.closed)?.message).toBe('enough');
  });

  test('passes on what was asked for', async () => {
    const asked: unknown[] = [];
    agent.peer.serve({
      'guest.logs': ({ stream: _number, ...params }, stream) => {
        asked.push(params);
        stream.end();
        return {};
      },
    });
    for (const options of [{}, { follow: true, tailLines: 0 }]) {
      const { stream, result } = admin.openStream('vm.logs', { name: 'web', ...options });
      stream.end();
      await result;
      expect(await all(stream)).toBe(0);
    }
    expect(asked).toEqual([
      { name: 'web', follow: false },
      { name: 'web', follow: true, tailLines: 0 },
    ]);
  });

  test("the admin's connection ends the agent's part", async () => {
    const { far } = await console();
    const blocked = failureOf(far.write(Buffer.alloc(10_000_000)));
    admin.close();
    expect((await far.closed)?.code).toBe('Unavailable');
    expect((await blocked).code).toBe('Unavailable');
  });

  test("the agent's connection ends the admin's part, in words", async () => {
    const { near } = await console();
    agent.peer.close();
    expect(await near.closed).toMatchObject({
      code: 'Unavailable',
      message: "the connection of node 'node-1' was lost",
    });
  });

  test('an admin that goes away before the node answers', async () => {
    agent.peer.serve({
      'guest.console': (_params, stream) => {
        served.push(stream);
        return new Promise(() => {});
      },
    });
    admin.openStream('vm.console', { name: 'web' }).result.catch(() => {});
    await expect.poll(() => served.length).toBe(1);
    admin.close();
    expect((await served[0]?.closed)?.code).toBe('Unavailable');
  });
});

describe('refused', () => {
  test.each([
    ['a VM that is not there', 'other', 'NotFound', "VM 'other' not found"],
    ['a runtime without consoles', 'web', 'FailedPrecondition', "guests of runtime 'x' have no console"],
  ] as const)('%s', async (_title, name, code, message) => {
    agent.peer.serve({
      'guest.console': () => {
        throw new KcoreError('FailedPrecondition', "guests of runtime 'x' have no console");
      },
    });
    const { stream, result } = admin.openStream('vm.console', { name });
    expect(await failureOf(result)).toMatchObject({ code, message });
    expect((await stream.closed)?.code).toBe(code);
  });

  test('a node that is away', async () => {
    agent.peer.close();
    await expect.poll(() => cluster.controller.connectedNodes).toBe(0);
    for (const method of ['vm.console', 'vm.logs'] as const) {
      expect(await failureOf(admin.openStream(method, { name: 'web' }).result)).toMatchObject({
        code: 'Unavailable',
        message: "node 'node-1' is not connected",
      });
    }
  });

  test('an agent of before', async () => {
    expect(await failureOf(admin.openStream('vm.console', { name: 'web' }).result)).toMatchObject({
      code: 'FailedPrecondition',
      message: "the agent of node 'node-1' is too old for this",
    });
  });

  test('R-56: nobody but the controller calls a node, and a node no console', async () => {
    const digest = `sha256:${'0'.repeat(64)}`;
    for (const peer of [admin, agent.peer]) {
      expect((await failureOf(peer.call('image.remove', { digest }))).message).toContain('there is no method');
      expect((await failureOf(peer.openStream('guest.console', { name: 'web' }).result)).message).toContain(
        'no method',
      );
    }
    const { result } = agent.peer.openStream('vm.console', { name: 'web' });
    expect((await failureOf(result)).code).toBe('PermissionDenied');
    const forNodes = Object.entries(methods).filter(([, { caller }]) => caller === 'controller');
    expect(forNodes.map(([name]) => name)).toEqual(['guest.console', 'guest.logs', 'image.receive', 'image.remove']);
  });
});

describe('what a relay keeps', () => {
  test.each(['down', 'up'] as const)('is bounded when nobody reads (%s)', async (direction) => {
    const { near, far } = await console();
    const [from, to] = direction === 'down' ? [far, near] : [near, far];
    let sent = 0;
    const writing = (async () => {
      for (; sent < 20_000_000; sent += 50_000) await from.write(Buffer.alloc(50_000));
      from.end();
    })();
    await turns(300);
    // A window before the relay, one behind it, and a chunk in its hands.
    expect(sent).toBeLessThan(700_000);
    const [read] = await Promise.all([all(to), writing]);
    expect(read).toBe(20_000_000);
  });

  test('is not in the way of the NodeSpec and of reports', async () => {
    const { near, far } = await console();
    const flooding = { on: true };
    const flood = async (stream: ByteStream) => {
      while (flooding.on) {
        await stream.write(Buffer.alloc(500_000));
        // Channels in memory never wait for anything, and timers would wait for them.
        await turn();
      }
    };
    const moving = Promise.allSettled([flood(near), flood(far), all(near), all(far)]);
    await createNetwork(cluster, 'n', nat, ['node-1']);
    await expect.poll(() => agent.object('network/n'), { timeout: 15_000 }).toBeDefined();
    await agent.report([]);
    flooding.on = false;
    near.fail(new KcoreError('Aborted', 'enough'));
    await moving;
  });

  test('many at once, each its own bytes', async () => {
    agent.peer.serve({
      'guest.console': (_params, stream) => {
        void (async () => {
          for await (const bytes of stream.readable) await stream.write(bytes);
          stream.end();
        })();
        return {};
      },
    });
    const admins = Array.from({ length: 4 }, adminPeer);
    const echoes = Array.from({ length: 100 }, async (_, index) => {
      const peer = admins[index % admins.length] ?? admin;
      const { stream, result } = peer.openStream('vm.console', { name: 'web' });
      await result;
      const said = Buffer.alloc(100_000, index);
      void stream.write(said).then(() => stream.end());
      const heard: Uint8Array[] = [];
      for await (const bytes of stream.readable) heard.push(bytes);
      return Buffer.concat(heard).equals(said);
    });
    expect(await Promise.all(echoes)).toEqual(Array.from({ length: 100 }, () => true));
  });
});

describe('images', () => {
  const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
  const held = (letter: string, more: Partial<ImageStatus> = {}): ImageStatus => ({
    kind: 'image',
    digest: digestOf(letter),
    format: 'raw',
    state: 'ready',
    sizeBytes: 7,
    ...more,
  });
  const upload = { node: 'node-1', name: 'mine', format: 'raw', sizeBytes: 300_000 } as const;

  test('are uploaded through the controller to one node', async () => {
    const asked: unknown[] = [];
    agent.peer.serve({
      'image.receive': async ({ stream: _number, ...params }, stream) => {
        asked.push(params);
        const sizeBytes = await all(stream);
        stream.end();
        return { image: held('a', { name: params.name, sizeBytes }) };
      },
    });
    const { stream, result } = admin.openStream('image.upload', { ...upload, sha256: 'a'.repeat(64) });
    await stream.write(Buffer.alloc(300_000));
    stream.end();
    expect(await result).toEqual({ node: 'node-1', image: held('a', { name: 'mine', sizeBytes: 300_000 }) });
    expect(asked).toEqual([{ name: 'mine', format: 'raw', sizeBytes: 300_000, sha256: 'a'.repeat(64) }]);
  });

  test('what the node refuses is refused, and what is not its own is not sent', async () => {
    agent.peer.serve({
      'image.receive': () => {
        throw new KcoreError('AlreadyExists', "another image is called 'mine'");
      },
    });
    const { stream, result } = admin.openStream('image.upload', upload);
    const writing = failureOf(stream.write(Buffer.alloc(10_000_000)));
    expect((await failureOf(result)).code).toBe('AlreadyExists');
    expect((await writing).message).toBe("another image is called 'mine'");
    const unknown = admin.openStream('image.upload', { ...upload, node: 'node-9' });
    expect((await failureOf(unknown.result)).message).toBe("node 'node-9' not found");
  });

  test('an upload that is given up ends at the node', async () => {
    agent.peer.serve({
      'image.receive': async (_params, stream) => {
        served.push(stream);
        await all(stream);
        return { image: held('a') };
      },
    });
    const abort = new AbortController();
    const { result } = admin.openStream('image.upload', upload, { signal: abort.signal });
    await expect.poll(() => served.length).toBe(1);
    abort.abort();
    expect((await failureOf(result)).code).toBe('Aborted');
    expect((await served[0]?.closed)?.code).toBe('Aborted');
  });

  test('are listed with the catalogue: what the connected nodes said', async () => {
    const two = await cluster.agent('node-2');
    await agent.report([held('a', { name: 'mine' })]);
    await two.report([held('b'), held('c', { state: 'fetching', totalBytes: 9 })]);
    const { catalogue, nodes } = await admin.call('image.list', {});
    expect(catalogue.map(({ name }) => name)).toContain('debian-12');
    expect(nodes.map(({ node, image }) => [node, image.digest.at(-1)])).toEqual([
      ['node-1', 'a'],
      ['node-2', 'b'],
      ['node-2', 'c'],
    ]);
    expect((await admin.call('image.list', { node: 'node-1' })).nodes).toHaveLength(1);
    two.peer.close();
    await expect.poll(() => cluster.controller.connectedNodes).toBe(1);
    expect((await admin.call('image.list', {})).nodes).toHaveLength(1);
    expect((await failureOf(admin.call('image.list', { node: 'x' }))).code).toBe('NotFound');
  });

  async function two() {
    const removed: string[] = [];
    const other = await cluster.agent('node-2');
    for (const one of [agent, other]) {
      one.peer.serve({
        'image.remove': ({ digest }) => {
          removed.push(`${one.name} ${digest.at(-1)}`);
          return {};
        },
      });
    }
    await agent.report([held('a', { name: 'mine' }), held('b')]);
    await other.report([held('a'), held('c', { name: 'mine' })]);
    return { other, removed };
  }

  test.each([
    ['mine', undefined, ['node-1 a', 'node-2 c']],
    [`sha256:${'a'.repeat(64)}`, undefined, ['node-1 a', 'node-2 a']],
    ['mine', 'node-2', ['node-2 c']],
  ])('%s is deleted by name or digest (node: %s)', async (image, node, expected) => {
    const { removed } = await two();
    const result = await admin.call('image.delete', { image, ...(node === undefined ? {} : { node }) });
    expect(removed.sort()).toEqual(expected);
    expect(result).toEqual({
      digests: [...new Set(expected.map((text) => digestOf(text.at(-1) ?? '')))],
      nodes: [...new Set(expected.map((text) => text.split(' ')[0]))],
      away: [],
    });
  });

  test('a name of the catalogue means its digest', async () => {
    const { catalogue } = await admin.call('image.list', {});
    const debian = catalogue.find(({ name }) => name === 'debian-12');
    const removed: string[] = [];
    agent.peer.serve({
      'image.remove': ({ digest }) => {
        removed.push(digest);
        return {};
      },
    });
    await agent.report([held('a', { digest: debian?.digest ?? '' })]);
    await admin.call('image.delete', { image: 'debian-12' });
    expect(removed).toEqual([debian?.digest]);
  });

  test('that are nowhere, or only where nobody answers, are not said to be deleted', async () => {
    const { other } = await two();
    expect((await failureOf(admin.call('image.delete', { image: 'x' }))).message).toBe("no node has image 'x'");
    const only = failureOf(admin.call('image.delete', { image: digestOf('c'), node: 'node-1' }));
    expect((await only).message).toBe(`node 'node-1' has no image '${digestOf('c')}'`);
    other.peer.close();
    await expect.poll(() => cluster.controller.connectedNodes).toBe(1);
    expect(await admin.call('image.delete', { image: digestOf('a') })).toMatchObject({
      nodes: ['node-1'],
      away: ['node-2'],
    });
    const away = await failureOf(admin.call('image.delete', { image: digestOf('c') }));
    expect(away).toMatchObject({ code: 'Unavailable', message: "node 'node-2' is not connected" });
  });

  test('a node that cannot is named, after the others did', async () => {
    const { other, removed } = await two();
    other.peer.serve({
      'image.remove': () => {
        throw new KcoreError('FailedPrecondition', 'it is busy');
      },
    });
    const error = await failureOf(admin.call('image.delete', { image: digestOf('a') }));
    expect(error).toMatchObject({ code: 'FailedPrecondition', message: "the image is still on 'node-2': it is busy" });
    expect(removed).toEqual(['node-1 a']);
  });
});
