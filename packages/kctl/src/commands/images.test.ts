import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { type Handlers, type ImageStatus, KcoreError, type Result } from '@kcore/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { FakeController } from '../../test/support/fake-controller.ts';
import { Workspace } from '../../test/support/run.ts';

const never = { interrupted: () => new Promise<void>(() => {}) };
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** What arrived, by name. */
let arrived: Map<string, Buffer>;
/** Why uploads did not come whole. */
let failed: string[];
let kctl: Workspace;
let list: Result<'image.list'>;

beforeEach(async () => {
  arrived = new Map();
  failed = [];
  list = { catalogue: [], nodes: [] };
  kctl = await Workspace.open(new FakeController(handlers()));
});
afterEach(() => kctl[Symbol.asyncDispose]());

function handlers(over: Handlers = {}): Handlers {
  return {
    'image.upload': async ({ node, name, format, sizeBytes }, stream) => {
      const parts: Uint8Array[] = [];
      try {
        for await (const part of stream.readable) parts.push(part);
      } catch (error) {
        failed.push((error as Error).message);
        throw error;
      }
      stream.end();
      const bytes = Buffer.concat(parts);
      arrived.set(name, bytes);
      const digest = `sha256:${sha256(bytes)}`;
      return { node, image: { kind: 'image', digest, name, format, state: 'ready', sizeBytes } };
    },
    'image.list': () => list,
    'image.delete': ({ image }) => {
      if (image === 'nothing') throw new KcoreError('NotFound', "no node has image 'nothing'");
      return { digests: [digestOf('a')], nodes: ['node-1'], away: image === 'far' ? ['node-2'] : [] };
    },
    ...over,
  };
}

async function file(name: string, bytes: Uint8Array | string): Promise<string> {
  await writeFile(kctl.path(name), bytes);
  return kctl.path(name);
}

describe('kctl node upload-image', () => {
  it('sends the file whole and shows what it became', async () => {
    const bytes = Buffer.concat([Buffer.from('QFI\u00fb', 'latin1'), randomBytes(3_000_000)]);
    const path = await file('debian-12.qcow2', bytes);
    const ran = await kctl.run(['node', 'upload-image', path, '--node', 'node-1'], never);
    expect(ran).toEqual({
      exit: 0,
      stdout: `uploaded image 'debian-12' to node-1\n  format:  qcow2\n  size:    2.86M\n  digest:  sha256:${sha256(bytes)}\n`,
      stderr: 'debian-12.qcow2: 100% (2.86M of 2.86M)\n',
    });
    expect(arrived.get('debian-12')?.equals(bytes)).toBe(true);
    expect(kctl.controller.calls[0]?.params).toEqual({
      node: 'node-1',
      stream: 1,
      name: 'debian-12',
      format: 'qcow2',
      sizeBytes: bytes.length,
    });
  });

  it('under another name, of a known digest, as JSON', async () => {
    const path = await file('disk.img', 'raw bytes');
    const flags = ['--node', 'n', '--name', 'golden', '--sha256', sha256(Buffer.from('raw bytes')).toUpperCase()];
    const ran = await kctl.run(['node', 'upload-image', path, ...flags, '-o', 'json'], never);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      kind: 'Image',
      metadata: { name: 'golden' },
      status: { format: 'raw', state: 'ready', nodes: [{ node: 'n', state: 'ready', sizeBytes: 9 }] },
    });
    expect(kctl.controller.calls[0]?.params).toMatchObject({ sha256: sha256(Buffer.from('raw bytes')) });
  });

  it.each([
    ['gone', undefined, [], "cannot read '"],
    ['empty', '', [], 'is empty'],
    ['a.gz', Buffer.from('1f8b0800', 'hex'), [], 'is gzip-compressed'],
    ['a.vmdk', 'KDMV', [], 'is a VMDK image'],
    ['a.img', 'raw', ['--format', 'qcow2'], 'is no qcow2 image'],
    ['a.qcow2', Buffer.from('514649fb', 'hex'), ['--format', 'raw'], 'is a qcow2 image'],
    ['a.img', 'raw', ['--format', 'vmdk'], "format must be 'qcow2' or 'raw'"],
    ['a.img', 'raw', ['--name', 'a b'], '--name'],
    ['a.img', 'raw', ['--sha256', 'abc'], '64 hexadecimal digits'],
  ])('%s is refused before anything is sent', async (name, bytes, flags, text) => {
    const path = bytes === undefined ? kctl.path(name) : await file(name, bytes);
    const ran = await kctl.run(['node', 'upload-image', path, '--node', 'n', ...flags], never);
    expect(ran.exit).toBe(5);
    expect(ran.stderr).toContain(text);
    expect(kctl.controller.connections).toBe(0);
  });

  it('ends as the node refuses it, without sending the rest', async () => {
    const refuse = () => {
      throw new KcoreError('AlreadyExists', "node 'n' has another image 'big'");
    };
    await using other = await Workspace.open(new FakeController(handlers({ 'image.upload': refuse })));
    const path = await file('big.img', Buffer.alloc(20_000_000, 1));
    const ran = await other.run(['node', 'upload-image', path, '--node', 'n'], never);
    expect(ran).toMatchObject({ exit: 7, stderr: "Error: AlreadyExists: node 'n' has another image 'big'\n" });
  });

  it('that is interrupted tells the node, which keeps nothing', async () => {
    let interrupt = (): void => {};
    const interrupted = () =>
      new Promise<void>((resolve) => {
        interrupt = resolve;
      });
    const stall: Handlers = {
      'image.upload': async (_params, stream) => {
        for await (const _ of stream.readable) {
          interrupt();
          failed.push((await stream.closed)?.message ?? 'whole');
          break;
        }
        throw new KcoreError('Aborted', 'not whole');
      },
    };
    await using other = await Workspace.open(new FakeController(handlers(stall)));
    const path = await file('big.img', Buffer.alloc(20_000_000, 1));
    const ran = await other.run(['node', 'upload-image', path, '--node', 'n'], { interrupted });
    expect(ran).toMatchObject({ exit: 7, stderr: "Error: Aborted: interrupted; nothing of it is left on node 'n'\n" });
    expect(failed).toEqual(["interrupted; nothing of it is left on node 'n'"]);
  });

  it('that arrived as something else is deleted there, and that is an error', async () => {
    const wrong: Handlers = {
      'image.upload': async ({ node, name }, stream) => {
        for await (const _ of stream.readable);
        stream.end();
        return { node, image: { kind: 'image', digest: digestOf('b'), name, state: 'ready', sizeBytes: 3 } };
      },
    };
    await using other = await Workspace.open(new FakeController(handlers(wrong)));
    const ran = await other.run(['node', 'upload-image', await file('a.img', 'raw'), '--node', 'n'], never);
    expect(ran.exit).toBe(1);
    expect(ran.stderr).toContain(`node 'n' has ${digestOf('b')}, and sha256:${sha256(Buffer.from('raw'))} was sent`);
    expect(other.controller.calls.at(-1)).toMatchObject({
      method: 'image.delete',
      params: { image: digestOf('b'), node: 'n' },
    });
  });
});

describe('kctl get images', () => {
  const on = (
    node: string,
    letter: string,
    more: Partial<ImageStatus> = {},
  ): Result<'image.list'>['nodes'][number] => ({
    node,
    image: { kind: 'image', digest: digestOf(letter), format: 'qcow2', state: 'ready', sizeBytes: 1 << 20, ...more },
  });
  const catalogue = (name: string, letter: string): Result<'image.list'>['catalogue'][number] => ({
    name,
    url: `https://images.example/${name}.qcow2`,
    digest: digestOf(letter),
    format: 'qcow2',
  });

  beforeEach(() => {
    list = {
      catalogue: [catalogue('ubuntu-24.04', 'a'), catalogue('debian-12', 'b'), catalogue('alpine', 'c')],
      nodes: [
        on('node-1', 'a'),
        on('node-2', 'a', { state: 'fetching', sizeBytes: 43, totalBytes: 100 }),
        on('node-1', 'c', { state: 'failed', sizeBytes: 0, message: 'no route' }),
        on('node-1', 'd', { name: 'golden', format: 'raw', sizeBytes: 3 * 2 ** 30 }),
        on('node-2', 'e', { url: 'https://else.example/x/own.img?y', state: 'fetching', sizeBytes: 7 }),
      ],
    };
  });

  it('shows the catalogue, what else the nodes have, and where it is', async () => {
    expect((await kctl.run('get images')).stdout.split('\n')).toEqual([
      'NAME          FORMAT  SIZE  STATE      NODES',
      'alpine        qcow2   -     failed     node-1 (failed)',
      'debian-12     qcow2   -     available  -',
      'ubuntu-24.04  qcow2   1M    ready      node-1, node-2 (fetching 43%)',
      'golden        raw     3G    ready      node-1',
      'own.img       qcow2   -     fetching   node-2 (fetching)',
      '',
    ]);
    const wide = (await kctl.run('get images -o wide')).stdout;
    expect(wide).toContain(`${digestOf('a')}  https://images.example/ubuntu-24.04.qcow2`);
    expect(wide).toContain('node-1: no route');
  });

  it('as names, JSON and YAML', async () => {
    expect((await kctl.run('get images -o name')).stdout.split('\n')[0]).toBe('image/alpine');
    const all = JSON.parse((await kctl.run('get images -o json')).stdout);
    expect(all).toMatchObject({ kind: 'List', items: [{ metadata: { name: 'alpine' } }, {}, {}, {}, {}] });
    const one = parse((await kctl.run(`get image ${digestOf('a')} -o yaml`)).stdout);
    expect(one).toEqual({
      kind: 'Image',
      metadata: { name: 'ubuntu-24.04' },
      status: {
        digest: digestOf('a'),
        url: 'https://images.example/ubuntu-24.04.qcow2',
        format: 'qcow2',
        inCatalogue: true,
        state: 'ready',
        nodes: [
          { node: 'node-1', state: 'ready', sizeBytes: 1 << 20 },
          { node: 'node-2', state: 'fetching', sizeBytes: 43, totalBytes: 100 },
        ],
      },
    });
  });

  it('those that were asked for, those of one node, and what is wrong with the catalogue', async () => {
    const some = await kctl.run('get images golden nothing');
    expect(some.exit).toBe(3);
    expect(some.stdout).toContain('golden');
    expect(some.stderr).toBe("Error: NotFound: image 'nothing' not found\n");
    list = { catalogue: list.catalogue, nodes: [on('node-1', 'd', { name: 'golden' })], problem: 'not JSON' };
    const one = await kctl.run('get images --node node-1');
    expect(kctl.controller.calls.at(-1)?.params).toEqual({ node: 'node-1' });
    expect(one.stdout.split('\n')).toHaveLength(3);
    expect(one.stderr).toBe('warning: not JSON\n');
    list = { catalogue: [], nodes: [] };
    expect(await kctl.run('get images')).toMatchObject({ exit: 0, stderr: 'no images\n' });
  });
});

describe('kctl delete image', () => {
  it('deletes each, says where it still is, and goes on after one that is nowhere', async () => {
    const ran = await kctl.run(`delete image near nothing far ${digestOf('a')} --node node-1`);
    expect(ran).toEqual({
      exit: 3,
      stdout:
        "deleted image 'near'\ndeleted image 'far' from node-1 (still on node-2)\n" +
        `deleted image '${digestOf('a')}'\n`,
      stderr: "Error: NotFound: no node has image 'nothing'\n",
    });
    expect(kctl.controller.calls[0]?.params).toEqual({ image: 'near', node: 'node-1' });
    const json = JSON.parse((await kctl.run('delete image near -o json')).stdout);
    expect(json.items).toEqual([{ kind: 'Image', name: 'near', outcome: 'deleted', nodes: ['node-1'], remaining: [] }]);
  });
});
