import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KcoreError, Peer, type Vm } from '@kcore/contract';
import { connectWebSocket } from '@kcore/contract/ws';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../../contract/test/certificates.ts';
import { factsOf, failureOf, vxlan } from '../cluster.ts';
import { ControllerProcess, connectPeer, type TestFiles, testFiles } from '../process.ts';

let files: TestFiles;
const running: ControllerProcess[] = [];
beforeAll(async () => {
  files = await testFiles();
});
afterEach(async () => {
  for (const each of running.splice(0)) {
    each.child.kill('SIGKILL');
    await each.ended;
  }
});
afterAll(() => files.remove());

function start(...args: string[]): ControllerProcess {
  const controller = new ControllerProcess(args.length > 0 ? args : ['--config', files.config]);
  running.push(controller);
  return controller;
}

async function nodePeer(port: number): Promise<Peer> {
  const node = await connectPeer(port, await files.authority.issue('kcore://lab/node/node-1'));
  await node.call('session.open', { node: 'node-1', protocols: [1], facts: factsOf(1) });
  return node;
}

const idOf = (index: number) => `process-test-${String(index).padStart(6, '0')}`;

describe('the program', () => {
  test('R-50, R-13: 200 VMs from two clients, killed in the middle: nothing acknowledged is lost, no address is given twice', {
    timeout: 60_000,
  }, async () => {
    const first = start();
    const port = await first.listening();
    await nodePeer(port);
    const clients = [await connectPeer(port, files.admin), await connectPeer(port, files.admin)];
    const network = { ...vxlan, internalNetmask: '255.255.252.0' };
    await clients[0]?.call('network.create', {
      requestId: idOf(999_999),
      name: 'private',
      spec: network,
      targetNodes: [],
    });

    const acknowledged = new Map<number, Vm>();
    const unknown: number[] = [];
    const create = (client: Peer | undefined, index: number) =>
      client?.call('vm.create', {
        requestId: idOf(index),
        name: `vm-${index}`,
        spec: { nics: [{ network: 'private' }] },
      });
    const queue = Array.from({ length: 200 }, (_, index) => index);
    const work = async (client: Peer | undefined) => {
      for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
        try {
          const result = await create(client, index);
          if (result !== undefined) acknowledged.set(index, result.vm);
        } catch (error) {
          expect(error).toBeInstanceOf(KcoreError);
          unknown.push(index);
        }
        if (acknowledged.size === 80) first.child.kill('SIGKILL');
      }
    };
    await Promise.all(Array.from({ length: 32 }, (_, worker) => work(clients[worker % 2])));
    expect((await first.ended).signal).toBe('SIGKILL');
    expect(acknowledged.size).toBeGreaterThanOrEqual(80);
    expect(unknown.length).toBeGreaterThan(0);

    const second = start();
    const again = await second.listening();
    await nodePeer(again);
    const admins = [await connectPeer(again, files.admin), await connectPeer(again, files.admin)];
    const survivors = new Map((await admins[0]?.call('vm.list', {}))?.vms.map(({ vm }) => [vm.name, vm]));
    for (const vm of acknowledged.values()) expect(survivors.get(vm.name)).toEqual(vm);

    const retried = await Promise.all(Array.from({ length: 200 }, (_, index) => create(admins[index % 2], index)));
    for (const [index, vm] of acknowledged) expect(retried[index]?.vm).toEqual(vm);
    for (const vm of survivors.values()) expect(retried.map((result) => result?.vm)).toContainEqual(vm);
    const addresses = retried.map((result) => result?.vm.nics[0]?.address);
    expect(new Set(addresses).size).toBe(200);
    const { vms = [] } = (await admins[0]?.call('vm.list', { network: 'private' })) ?? {};
    expect(vms).toHaveLength(200);
    expect(new Set(vms.map(({ vm }) => vm.nics[0]?.address)).size).toBe(200);
  });

  test('R-56: TCP and unix socket with the same certificates, others are refused; SIGTERM ends it with 0', async () => {
    const controller = start();
    const port = await controller.listening();
    const unixPath = join(files.directory, 'controller.sock');
    const { channel } = await connectWebSocket({ unixPath, tls: files.admin });
    const admin = new Peer(channel);
    await nodePeer(port);
    const { nodes } = await admin.call('node.list', {});
    expect(nodes.map(({ name, state }) => [name, state])).toEqual([['node-1', 'ready']]);
    const other = await (await createAuthority()).issue('kcore://lab/admin/root');
    const refused = await failureOf(connectPeer(port, { ...other, ca: files.authority.ca }));
    expect(refused.code).toBe('Unauthenticated');
    const imposter = await connectPeer(port, await files.authority.issue('kcore://lab/node/node-2'));
    const denied = imposter.call('session.open', { node: 'node-1', protocols: [1], facts: factsOf(1) });
    expect((await failureOf(denied)).message).toBe("node 'node-2' may not speak for node 'node-1'");
    controller.child.kill('SIGTERM');
    expect((await admin.closed).code).toBe(1001);
    expect(await controller.ended).toMatchObject({ status: 0, signal: null });
    const lines = controller.stderr.trim().split('\n');
    expect(lines.every((line) => typeof JSON.parse(line).msg === 'string')).toBe(true);
    expect(controller.events.at(-1)).toMatchObject({ msg: 'stopped' });
    expect(controller.stdout).toBe('');
  });

  test('a second controller on the same data directory is refused, and one after a kill is not', async () => {
    const first = start();
    await first.listening();
    const second = await start().ended;
    expect(second.status).toBe(4);
    expect(second.stderr).toMatch(
      /^Error: FailedPrecondition: the data directory .*\/data is in use by another controller \(.*\)\n$/,
    );
    first.child.kill('SIGKILL');
    await first.ended;
    await start().listening();
  });

  test('the command line', async () => {
    const [help, nothing, wrong] = await Promise.all([
      start('--help').ended,
      start('--config').ended,
      start('--colour').ended,
    ]);
    expect([help.status, help.stdout.split('\n')[0]]).toEqual([0, 'Usage: kcore-controller --config FILE']);
    expect([nothing.status, nothing.stderr.split('\n')[0]?.slice(0, 7)]).toEqual([2, 'Error: ']);
    expect([wrong.status, wrong.stderr.split('\n')[0]]).toEqual([2, expect.stringContaining("'--colour'")]);
  });

  test.each([
    [
      'a port taken',
      { listen: 'taken' },
      4,
      /^Error: FailedPrecondition: cannot listen on 127\.0\.0\.1:\d+: something listens there already\n$/,
    ],
    [
      'an address that is not here',
      { listen: [{ host: '192.0.2.1', port: 1 }] },
      4,
      /: cannot listen on 192\.0\.2\.1:1: this machine does not have that address\n$/,
    ],
    [
      'a default network that cannot be',
      { defaultNetwork: { gatewayIp: '10.0.0.0' } },
      5,
      /^Error: InvalidArgument: gatewayIp 10\.0\.0\.0 is the network address of its subnet \/24\n$/,
    ],
    [
      'a certificate and another key',
      { tls: { ca: 'ca.crt', cert: 'controller.crt', key: 'other.key' } },
      5,
      /^Error: InvalidArgument: tls: the certificate, key or CA cannot be used: .*\n$/,
    ],
  ] as const)('cannot start: %s', async (_name, changes, status, text) => {
    const bad = await testFiles();
    try {
      let settings: Record<string, unknown> = { ...changes };
      if (settings['listen'] === 'taken') {
        const port = await start().listening();
        settings = { listen: [{ host: '127.0.0.1', port }] };
      }
      await writeFile(join(bad.directory, 'other.key'), files.admin.key);
      await bad.writeConfig(settings);
      const ended = await start('--config', bad.config).ended;
      expect(ended.stderr).toMatch(text);
      expect(ended.status).toBe(status);
    } finally {
      await bad.remove();
    }
  });

  test("R-41: names of the operator's file of images count as it is now, and what is wrong with it is said", async () => {
    const own = await testFiles();
    try {
      const url = 'https://images.example/ours.qcow2';
      const catalogue = (name: string) => {
        const image = { name, url, digest: `sha256:${'a'.repeat(64)}`, format: 'qcow2' };
        return writeFile(join(own.directory, 'images.json'), JSON.stringify({ images: [image] }));
      };
      await catalogue('ours');
      await own.writeConfig({ images: 'images.json' });
      const controller = start('--config', own.config);
      const port = await controller.listening();
      const node = await connectPeer(port, await own.authority.issue('kcore://lab/node/node-1'));
      await node.call('session.open', { node: 'node-1', protocols: [1], facts: factsOf(1) });
      const admin = await connectPeer(port, own.admin);
      let made = 0;
      const create = (image: string) => {
        const requestId = idOf(500_000 + ++made);
        return admin.call('vm.create', { requestId, name: `own-${made}`, spec: { disks: [{ image }] } });
      };
      expect((await create('ours')).vm.disks[0]).toMatchObject({ source: { kind: 'url', url } });
      expect((await create('debian-12')).vm.disks[0]).toMatchObject({ source: { kind: 'url' } });
      await catalogue('newer');
      expect((await failureOf(create('ours'))).message).toContain("'ours' is neither in the catalogue");
      await create('newer');
      await writeFile(join(own.directory, 'images.json'), '{');
      await create('newer');
      const error = await failureOf(create('ours'));
      expect([error.code, error.message]).toEqual([
        'FailedPrecondition',
        expect.stringMatching(
          /'ours' is not known: the catalogue of images .*images\.json cannot be used: it is not JSON/,
        ),
      ]);
      expect(
        controller.events.filter(({ msg }) => String(msg).startsWith('catalogue of images not read')),
      ).toHaveLength(1);
    } finally {
      await own.remove();
    }
  });

  test('cannot start: the data directory is a file', async () => {
    const bad = await testFiles();
    try {
      await mkdir(join(bad.directory, 'x'));
      await writeFile(join(bad.directory, 'data'), '');
      const ended = await start('--config', bad.config).ended;
      expect([ended.status, ended.stderr]).toEqual([4, expect.stringContaining('cannot make the data directory')]);
    } finally {
      await bad.remove();
    }
  });
});
