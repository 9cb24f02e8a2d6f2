import type { VmView } from '@kcore/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Workspace } from '../../test/support/run.ts';

/** Made by ssh-keygen. */
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMy1Xw9y20oVa0gtqsrMhriek3WEaaRFS4VyM0scI69w anna@host';
const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;
const PRIVATE = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n';

let kctl: Workspace;
beforeEach(async () => {
  kctl = await Workspace.open();
});
afterEach(async () => kctl[Symbol.asyncDispose]());

const lastParams = () => kctl.controller.calls.at(-1)?.params;

describe('NICs of a VM that is there', () => {
  it('attaches and detaches, and says what came and went', async () => {
    await kctl.run('create vm web-01');
    const attached = await kctl.run('attach nic web-01 --network storage --address 10.9.0.20 --mac 52:54:00:AA:00:01');
    expect(attached.stdout).toMatch(/^attached nic 1 to vm 'web-01'\n {2}storage 10\.9\.0\.20 52:54:00:/);
    expect(lastParams()).toEqual({
      requestId: expect.any(String),
      name: 'web-01',
      nic: { network: 'storage', address: '10.9.0.20', mac: '52:54:00:aa:00:01' },
    });
    expect((await kctl.run('attach nic web-01 -o name')).stdout).toBe('nic/web-01/2\n');
    expect(lastParams()).toMatchObject({ nic: {} });
    const detached = await kctl.run('detach nic web-01 1 -o json');
    expect(JSON.parse(detached.stdout)).toMatchObject({
      kind: 'Nic',
      metadata: { name: 'web-01/1' },
      status: { vm: 'web-01', index: 1, network: 'storage', address: '10.9.0.20' },
    });
    expect((await kctl.run('detach nic web-01 0')).stdout).toContain("detached nic 0 from vm 'web-01'\n");
    const described = (await kctl.run('describe vm web-01')).stdout;
    expect(described).toMatch(/\n {2}2 +default /);
    expect(described).not.toMatch(/\n {2}[01] +(storage|default) +10/);
  });

  it.each([
    ['detach nic web-01 one', 5, "INDEX: 'one' is not a whole number"],
    ['detach nic web-01 7', 3, "VM 'web-01' has no NIC 7"],
    ['detach nic web-01', 2, 'needs'],
    ['attach nic nope --network n', 3, "vm 'nope' not found"],
  ])('%s is refused', async (line, exit, text) => {
    await kctl.run('create vm web-01');
    const ran = await kctl.run(line);
    expect([ran.exit, ran.stderr]).toEqual([exit, expect.stringContaining(text)]);
  });
});

describe('ssh keys', () => {
  it('are made of a file or a text, listed and deleted', async () => {
    const file = await kctl.write('id.pub', `${KEY}\n`);
    expect((await kctl.run(`create ssh-key anna --file ${file}`)).stdout).toMatch(
      /^created ssh-key 'anna'\n {2}fingerprint: {2}SHA256:/,
    );
    expect(lastParams()).toEqual({ requestId: expect.any(String), name: 'anna', publicKey: KEY });
    await kctl.run(['create', 'ssh-key', 'bob', '--public-key', KEY]);
    await kctl.run(['create', 'ssh-key', 'carl', '--file', '-'], { input: KEY });
    expect((await kctl.run('get ssh-keys -o name')).stdout).toBe('ssh-key/anna\nssh-key/bob\nssh-key/carl\n');
    const row = (await kctl.run('get ssh-key bob')).stdout.split('\n')[1]?.split(/\s{2,}/) ?? [];
    expect(row).toEqual(['bob', 'ssh-ed25519', expect.stringMatching(FINGERPRINT), 'anna@host']);
    expect(JSON.parse((await kctl.run('get ssh-keys bob -o json')).stdout)).toMatchObject({
      kind: 'SshKey',
      spec: { publicKey: KEY },
    });
    expect(await kctl.run('delete ssh-key anna nope')).toEqual({
      exit: 3,
      stdout: "deleted ssh-key 'anna'\n",
      stderr: "Error: NotFound: 'nope' not found\n",
    });
    expect((await kctl.run('get ssh-keys anna')).stderr).toContain("ssh key 'anna' not found");
  });

  it('a private key does not leave the machine', async () => {
    const file = await kctl.write('id', PRIVATE);
    for (const line of [
      ['create', 'ssh-key', 'anna', '--file', file],
      ['create', 'ssh-key', 'anna', `--public-key=${PRIVATE}`],
      ['create', 'vm', 'web-01', `--ssh-key=${PRIVATE}`],
    ]) {
      const ran = await kctl.run(line);
      expect([ran.exit, ran.stderr]).toEqual([5, expect.stringContaining('this is a private key')]);
      expect(ran.stderr).toContain('Remedy: give the public one: the file ending in .pub');
    }
    expect(kctl.controller.calls).toEqual([]);
  });

  it.each(['create ssh-key anna', `create ssh-key anna --file x --public-key y`])('%s is no command', async (line) => {
    expect((await kctl.run(line)).exit).toBe(2);
  });

  it('create vm takes names and keys', async () => {
    await kctl.run(['create', 'vm', 'web-01', '--ssh-key', 'anna', '--ssh-key', `${KEY}\n`]);
    expect(lastParams()).toMatchObject({ spec: { sshKeys: ['anna', KEY] } });
  });
});

describe('kept disks', () => {
  it('stay when a VM goes, are listed, used and deleted', async () => {
    await kctl.run('create vm db-01 --image debian-12');
    expect((await kctl.run('delete vm db-01 --keep-disks')).stdout).toBe(
      "deleted vm 'db-01'\n  disks: kept as 'db-01-0a1b2c3d'\n",
    );
    expect((await kctl.run('get disks')).stdout).toBe(
      'NAME            NODE    VM     DISKS  SIZE  KEPT\ndb-01-0a1b2c3d  node-1  db-01  1      40G   2h\n',
    );
    expect(JSON.parse((await kctl.run('get disk db-01-0a1b2c3d -o json')).stdout)).toMatchObject({
      kind: 'Disk',
      status: { vm: 'db-01', node: 'node-1' },
    });
    await kctl.run('create vm db-02 --disk db-01-0a1b2c3d --disk-size 80G');
    expect(lastParams()).toMatchObject({
      spec: { disks: [{ kept: 'db-01-0a1b2c3d' }], storageSizeBytes: 80 * 2 ** 30 },
    });
    expect((await kctl.run('get vms')).stdout).toContain('kept:db-01-0a1b2c3d');
    expect((await kctl.run('delete disk db-01-0a1b2c3d')).stdout).toBe("deleted disk 'db-01-0a1b2c3d'\n");
    expect((await kctl.run('get disks db-01-0a1b2c3d')).exit).toBe(3);
  });

  it('a VM without disks leaves none, and JSON says which are kept', async () => {
    await kctl.run('create vm a');
    await kctl.run('create vm b --image debian-12');
    const ran = await kctl.run('delete vm a b --keep-disks -o json');
    expect(JSON.parse(ran.stdout)).toMatchObject({
      items: [
        { name: 'a', changes: ['disks: it had none'] },
        { name: 'b', kept: 'b-0a1b2c3d' },
      ],
    });
    await kctl.run('create vm c --image debian-12');
    await kctl.run('delete vm c');
    expect(lastParams()).toEqual({ requestId: expect.any(String), name: 'c' });
  });
});

describe('describe vm', () => {
  it('shows the guest, where disks come from, keys and restarts; its manifest has nothing of it', async () => {
    await kctl.run(['create', 'vm', 'web-01', '--ssh-key', 'anna', '--ssh-key', KEY]);
    const { controller } = kctl;
    const vm = controller.vms.get('web-01');
    if (vm === undefined) throw new Error('it was made');
    const digest = `sha256:${'a'.repeat(64)}`;
    controller.vms.set('web-01', {
      ...vm,
      sshKeys: ['anna', KEY],
      authorizedKeys: [KEY, KEY],
      storageSizeBytes: 40 * 2 ** 30,
      disks: [
        { image: 'debian-12', source: { kind: 'url', url: 'https://x/d.qcow2', digest, format: 'qcow2' } },
        { image: 'ours', sizeBytes: 2 ** 30, source: { kind: 'stored', digest, format: 'raw' } },
        { image: '/images/x', source: { kind: 'file', path: '/images/x', format: 'qcow2' } },
        { kept: 'old-1', source: { kind: 'kept', uid: 'u-1', index: 0 } },
        { image: 'https://...', source: { kind: 'unknown', reason: 'placeholders' } },
        { sizeBytes: 2 ** 30 },
      ],
    });
    const view = (name: string): VmView => ({
      vm: controller.vms.get(name) ?? vm,
      status: {
        kind: 'vm',
        name,
        state: 'running',
        guest: 'booting',
        restarts: 2,
        progress: { what: 'image debian-12', bytes: 1024, totalBytes: 2048 },
      },
      pending: true,
    });
    Object.assign(controller.handlers, { 'vm.get': ({ name }: { name: string }) => view(name) });
    const { stdout } = await kctl.run('describe vm web-01');
    for (const line of [
      'State:     running (its node has not taken the last change yet)',
      'Guest:     image debian-12: 1K of 2K',
      'Restart:   always; 2 so far',
      'SSH keys:  anna, ssh-ed25519 …0scI69w anna@host'.replace('0scI69w', KEY.split(' ')[1]?.slice(-8) ?? ''),
    ]) {
      expect(stdout).toContain(`${line}\n`);
    }
    const disks = stdout.split('\n').filter((line) => /^ {2}\d +\S/.test(line) && !line.includes('tap-'));
    expect(disks.map((line) => line.trim().split(/\s{2,}/))).toEqual([
      ['0', 'debian-12', 'qcow2', '40G', 'https://x/d.qcow2', digest],
      ['1', 'ours', 'raw', '1G', 'uploaded to the node', digest],
      ['2', '/images/x', 'qcow2', '-', 'file /images/x of the node', '-'],
      ['3', 'kept:old-1', '-', '-', 'disk 0 of the VM that was u-1', '-'],
      ['4', 'https://...', '-', '-', 'nowhere: placeholders', '-'],
      ['5', '-', '-', '1G', 'empty', '-'],
    ]);
    const yaml = parse((await kctl.run('describe vm web-01 -o yaml')).stdout);
    expect(JSON.stringify(yaml.spec)).not.toMatch(/source|authorizedKeys/);
    expect(yaml.status.disks[0]).toMatchObject({ kind: 'url', digest });
  });
});
