import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { alreadyExists, KcoreError } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import { FakeController } from '../../test/support/fake-controller.ts';
import { Workspace } from '../../test/support/run.ts';
import type { LabModule } from '../cli/context.ts';
import { readConfig } from '../config/file.ts';

/** A lab that does nothing but what it asks of kctl, and remembers what it was asked. */
function fakeLab(directory: string): { module: LabModule; asked: unknown[] } {
  const asked: unknown[] = [];
  const status = (name: string) => ({
    name,
    context: `lab-${name}`,
    directory,
    controller: { url: 'unix:/run/kcore/controller.sock', pid: 7, log: '/var/log/controller' },
    nodes: [
      {
        name: 'node-1',
        netns: `kcl-${name}-node-1`,
        address: '192.168.40.101',
        state: 'running' as const,
        pid: 8,
        log: '/l',
      },
    ],
  });
  const module: LabModule = {
    labUp: async ({ name = 'lab', nodes, disableVxlan, pki, call, progress }) => {
      asked.push(['up', name, nodes, disableVxlan]);
      progress?.({ text: 'certificates', state: 'start' });
      const files = await pki.createCluster(join(directory, 'pki'), { name: `lab-${name}`, hosts: ['192.168.40.10'] });
      const first = await pki.issueNode(files.directory, 'node-1');
      const key = await readFile(first.key, 'utf8');
      const second = await pki.issueNode(files.directory, 'node-1');
      asked.push(['new key', (await readFile(second.key, 'utf8')) !== key, (await stat(second.key)).mode & 0o777]);
      asked.push(['same cluster', (await pki.openCluster(files.directory)).name]);
      asked.push(await call('unix:/run/kcore/controller.sock', files, 'vm.list', {}));
      progress?.({ text: 'certificates', state: 'done' });
      progress?.({ text: 'node-1', state: 'failed', detail: 'once' });
      return status(name);
    },
    labStatus: async ({ name }) => status(name),
    labDown: async ({ name = 'lab' } = {}) => {
      asked.push(['down', name]);
    },
    labNode: async ({ name = 'lab', action, node, disableVxlan }) => {
      asked.push([action, name, node, disableVxlan]);
      return status(name);
    },
  };
  return { module, asked };
}

describe('lab', () => {
  it('comes up with certificates of the cluster and a context, and goes down again', async () => {
    await using kctl = await Workspace.open();
    const { module, asked } = fakeLab(kctl.path('lab'));
    const loadLab = async () => module;
    const up = await kctl.run('lab up --name x --nodes 2 --disable-vxlan node-2 --detach', { loadLab });
    expect(up.exit).toBe(0);
    expect(up.stderr).toBe('  ✓ certificates\n  ✗ node-1: once\n');
    expect(up.stdout).toContain('node-1  192.168.40.101  running  8    kcl-x-node-1  /l\n');
    expect(asked).toEqual([
      ['up', 'x', 2, ['node-2']],
      ['new key', true, 0o600],
      ['same cluster', 'lab-x'],
      { vms: [] },
    ]);
    const { contexts } = await readConfig(kctl.path('config'));
    expect(contexts.at(-1)).toMatchObject({
      name: 'lab-x',
      controller: 'unix:/run/kcore/controller.sock',
      key: await readFile(kctl.path('lab/pki/admin.key'), 'utf8'),
    });
    expect(JSON.parse((await kctl.run('lab status --name x -o json', { loadLab })).stdout)).toMatchObject({
      name: 'x',
      context: 'lab-x',
      controller: { pid: 7 },
      nodes: [{ netns: 'kcl-x-node-1' }],
    });
    expect((await kctl.run('lab down --name x', { loadLab })).stdout).toBe("lab 'x' is down\n");
    expect((await readConfig(kctl.path('config'))).contexts.map(({ name }) => name)).toEqual(['test']);
  });

  it('stays up until it is interrupted when it is not detached', async () => {
    await using kctl = await Workspace.open();
    const { module, asked } = fakeLab(kctl.path('lab'));
    const interrupted = async () => {
      asked.push('interrupted', (await readConfig(kctl.path('config'))).contexts.length);
    };
    const ran = await kctl.run('lab up', { loadLab: async () => module, interrupted });
    expect(ran.stderr).toContain('kctl --context lab-lab get nodes');
    expect(asked.slice(-3)).toEqual(['interrupted', 2, ['down', 'lab']]);
    expect((await readConfig(kctl.path('config'))).contexts).toHaveLength(1);
  });

  it('takes the lab down again when its context cannot be written', async () => {
    await using kctl = await Workspace.open(new FakeController(), '{');
    const { module, asked } = fakeLab(kctl.path('lab'));
    const ran = await kctl.run('lab up --detach', { loadLab: async () => module });
    expect(ran.exit).toBe(5);
    expect(asked.at(-1)).toEqual(['down', 'lab']);
  });

  it('adds, removes, stops and starts nodes', async () => {
    await using kctl = await Workspace.open();
    const { module, asked } = fakeLab(kctl.path('lab'));
    const loadLab = async () => module;
    for (const words of ['add node-4 --disable-vxlan', 'stop node-4', 'start node-4 --name y', 'remove node-4']) {
      expect((await kctl.run(`lab node ${words}`, { loadLab })).exit).toBe(0);
    }
    expect(asked).toEqual([
      ['add', 'lab', 'node-4', true],
      ['stop', 'lab', 'node-4', undefined],
      ['start', 'y', 'node-4', undefined],
      ['remove', 'lab', 'node-4', undefined],
    ]);
    expect((await kctl.run('lab node stop node-4 --disable-vxlan', { loadLab })).exit).toBe(2);
  });

  it.each([
    [alreadyExists("lab 'lab' is up already", { remedy: 'kctl lab down' }), 7],
    [new KcoreError('PermissionDenied', 'a lab needs root', { remedy: 'run it with sudo' }), 9],
  ])('says what the lab says (%#)', async (error, exit) => {
    await using kctl = await Workspace.open();
    const { module } = fakeLab(kctl.path('lab'));
    const loadLab = async () => ({ ...module, labUp: () => Promise.reject(error) });
    expect(await kctl.run('lab up', { loadLab })).toEqual({
      exit,
      stdout: '',
      stderr: `Error: ${error.code}: ${error.message}\nRemedy: ${error.details.remedy}\n`,
    });
    expect((await kctl.run('lab up --nodes many', { loadLab })).exit).toBe(5);
  });
});
