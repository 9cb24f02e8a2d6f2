import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Workspace } from '../../test/support/run.ts';

describe('VMs', () => {
  let kctl: Workspace;
  beforeEach(async () => {
    kctl = await Workspace.open();
  });
  afterEach(async () => kctl[Symbol.asyncDispose]());

  it('creates the VM of networks.txt verbatim, with its address at once (R-41, R-43)', async () => {
    const ran = await kctl.run('kctl create vm web-01 --network private --image ubuntu-24.04 --cpus 2 --memory 4096');
    expect(ran).toEqual({
      exit: 0,
      stdout: "created vm 'web-01'\n  node:   node-1\n  nic 0:  private 10.250.0.2 52:54:00:0b:9d:9f\n",
      stderr: '',
    });
    expect(kctl.controller.calls[0]?.params).toMatchObject({
      name: 'web-01',
      spec: { cpu: 2, memoryBytes: 4 * 1024 ** 3, nics: [{ network: 'private' }], disks: [{ image: 'ubuntu-24.04' }] },
    });
  });

  it.each([
    ['--cpu 4 --memory 4G', { cpu: 4, memoryBytes: 4 * 1024 ** 3 }],
    ['--memory 4096M', { memoryBytes: 4 * 1024 ** 3 }],
    ['--disk-size 40G', { storageSizeBytes: 40 * 1024 ** 3 }],
    ['', {}],
    ['--node node-2 --hostname web --ssh-key k', { node: 'node-2', hostname: 'web', sshKeys: ['k'] }],
    ['--network a --network b --address 10.0.0.9', { nics: [{ network: 'a', address: '10.0.0.9' }, { network: 'b' }] }],
    ['--image https://x/y.qcow2 --image-format qcow2', { disks: [{ image: 'https://x/y.qcow2', format: 'qcow2' }] }],
  ])('create vm %s sends what was said and nothing else (R-25, R-41)', async (flags, spec) => {
    expect((await kctl.run(`create vm web-01 ${flags}`)).stderr).toBe('');
    expect(kctl.controller.calls[0]?.params).toEqual({ requestId: 'request-00000001', name: 'web-01', spec });
  });

  it('reads user data from a file', async () => {
    const file = await kctl.write('user-data', '#cloud-config\n');
    await kctl.run(`create vm web-01 --user-data ${file}`);
    expect(kctl.controller.calls[0]?.params).toMatchObject({ spec: { userData: '#cloud-config\n' } });
  });

  it.each([
    ['--memory 4X', '--memory', 5],
    ['--memory 0', '--memory', 5],
    ['--disk-size 40', '--disk-size', 5],
    ['--cpus two', '--cpus', 5],
    ['--image-format vmdk', '--image-format', 5],
    ['--address 10.0.0.1 --address 10.0.0.2', '--address', 2],
  ])('create vm %s is refused and nothing is sent', async (flags, named, exit) => {
    const ran = await kctl.run(`create vm web-01 ${flags}`);
    expect(ran.exit).toBe(exit);
    expect(ran.stderr).toContain(named);
    expect(kctl.controller.calls).toEqual([]);
  });

  it('lists VMs with addresses (R-43, R-44)', async () => {
    await kctl.run('create vm web-10 --network private --network lan --memory 1536M --image /images/debian.qcow2');
    await kctl.run('create vm web-9 --node node-2');
    expect((await kctl.run('get vms')).stdout).toBe(
      `NAME    NODE    NETWORK      ADDRESS                STATE    CPU  MEMORY  IMAGE
web-9   node-2  default      10.250.0.2             running  1    1G      -
web-10  node-1  private,lan  10.250.0.2,10.250.0.3  running  1    1536M   debian.qcow2
`,
    );
    expect((await kctl.run('get vms --node node-2 -o name')).stdout).toBe('vm/web-9\n');
    expect((await kctl.run('get vms --network lan -o name')).stdout).toBe('vm/web-10\n');
    const wide = (await kctl.run('get vm web-9 -o wide')).stdout.split('\n')[0]?.split(/\s{2,}/);
    expect(wide?.slice(8)).toEqual(['MAC', 'TAP', 'GUEST', 'RESTARTS', 'AGE', 'MESSAGE']);
  });

  it('describes one, and says the same in YAML', async () => {
    await kctl.run('create vm web-01 --network private --image ubuntu-24.04 --cpus 2 --memory 4096');
    const { stdout } = await kctl.run('describe vm web-01');
    expect(stdout).toContain('State:     running\n');
    expect(stdout).toContain('  0    private  10.250.0.2  52:54:00:0b:9d:9f  tap-0b9d9f06  yes\n');
    const yaml = parse((await kctl.run('describe vm web-01 -o yaml')).stdout);
    expect(yaml).toMatchObject({
      kind: 'VM',
      metadata: { name: 'web-01' },
      spec: { memoryBytes: '4G' },
      status: { node: 'node-1', state: 'running', pid: 4711, nics: [{ tap: 'tap-0b9d9f06' }] },
    });
  });

  it.each([
    ['stop vm a', 'start vm a'],
    ['set vm a --state stopped', 'set vm a --state running'],
  ])('%s and %s say what they changed', async (stop, start) => {
    await kctl.run('create vm a');
    expect((await kctl.run(stop)).stdout).toBe("configured vm 'a'\n  state: running → stopped\n");
    expect((await kctl.run(stop)).stdout).toBe("unchanged vm 'a'\n");
    expect((await kctl.run(start)).stdout).toBe("configured vm 'a'\n  state: stopped → running\n");
    expect(JSON.parse((await kctl.run(`${stop} -o json`)).stdout)).toMatchObject({
      items: [{ kind: 'VM', name: 'a', outcome: 'configured' }],
    });
  });

  it.each([
    ['set vm a', 2, '--state is missing'],
    ['set vm a --state paused', 5, "'paused' is not running or stopped"],
    ['stop vm nope', 3, "vm 'nope' not found"],
  ])('%s is refused', async (line, exit, text) => {
    const ran = await kctl.run(line);
    expect(ran.exit).toBe(exit);
    expect(ran.stderr).toContain(text);
  });

  it('deletes several, and says of each what became of it', async () => {
    await kctl.run('create vm a');
    await kctl.run('create vm b');
    const ran = await kctl.run('delete vm a nope b');
    expect(ran).toEqual({
      exit: 3,
      stdout: "deleted vm 'a'\ndeleted vm 'b'\n",
      stderr: "Error: NotFound: vm 'nope' not found\n",
    });
  });

  it('says on stderr that there are none, so that a pipe stays clean', async () => {
    expect(await kctl.run('get vms')).toEqual({
      exit: 0,
      stdout: 'NAME  NODE  NETWORK  ADDRESS  STATE  CPU  MEMORY  IMAGE\n',
      stderr: 'no vms\n',
    });
    expect(await kctl.run('get vms -o json')).toMatchObject({
      stderr: '',
      stdout: expect.stringContaining('"items": []'),
    });
  });
});
