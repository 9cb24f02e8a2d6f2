import type { NodeDescription } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import { FakeController } from '../../test/support/fake-controller.ts';
import { Workspace } from '../../test/support/run.ts';

function node(name: string, vxlanDisabled: boolean): NodeDescription {
  return {
    name,
    state: 'ready',
    reached: 12,
    registeredAt: '2026-11-21T12:00:00Z',
    conditions: [{ type: 'VlanUnsupported', message: 'the kernel has no 802.1Q', remedy: 'modprobe 8021q' }],
    facts: {
      kind: 'facts',
      agentVersion: '0.1.0',
      hostname: name,
      kernel: '6.1.0',
      vxlanDisabled,
      runtime: 'namespace (image not booted)',
      vtep: '192.168.40.101',
      underlayMtu: 1500,
      gatewayInterface: 'eno1',
      links: [{ name: 'eno1', mtu: 1500, up: true }],
      addresses: [{ link: 'eno1', address: '192.168.40.101/24' }],
      routes: [],
      protectedLinks: [{ name: 'eno1', reason: 'carries the default route' }],
      listening: [],
      capacity: { cpus: 2, memoryBytes: 8_232_550_400 },
    },
    networks: [{ kind: 'network', name: 'default', state: 'ready', bridge: 'kbr-default', conditions: [] }],
    used: { cpus: 3, memoryBytes: 4 * 2 ** 30, diskBytes: 40 * 2 ** 30 },
    vms: [],
    images: [],
    events: [],
  };
}

/** A node whose room is known. */
function limited(name: string): NodeDescription {
  const { facts, ...rest } = node(name, false);
  return {
    ...rest,
    ...(facts === undefined
      ? {}
      : {
          facts: {
            ...facts,
            runtime: 'qemu 7.2 (tcg)',
            room: { kind: 'limited', cpus: 2, memoryBytes: 7 * 2 ** 30, diskBytes: 100 * 2 ** 30 },
          },
        }),
    allowed: { cpus: 16, memoryBytes: 7 * 2 ** 30, diskBytes: 200 * 2 ** 30 },
    images: [
      { kind: 'image', digest: `sha256:${'a'.repeat(64)}`, name: 'tiny', state: 'ready', sizeBytes: 1_300_000 },
      {
        kind: 'image',
        digest: `sha512:${'b'.repeat(128)}`,
        url: 'https://images.example/d.qcow2',
        state: 'failed',
        message: 'HTTP 404',
        sizeBytes: 0,
      },
    ],
  };
}

const controller = new FakeController({
  'node.list': () => ({
    nodes: [node('node-10', false), node('node-2', true)].map(
      ({ networks: _n, vms: _v, images: _i, events: _e, ...view }) => view,
    ),
  }),
  'node.get': ({ name }) => node(name, true),
  'node.delete': ({ name }) => ({ name }),
  'lease.list': () => ({
    leases: ['10.240.0.110', '10.240.0.9'].map((address, at) => ({
      node: 'node-1',
      ...(at === 0 ? { vm: 'web-01' } : {}),
      lease: {
        kind: 'lease',
        network: 'default',
        mac: `52:54:00:0b:9d:0${at}`,
        address,
        state: 'active',
        origin: at === 0 ? 'binding' : 'dynamic',
        expiresAt: at === 0 ? '2026-11-22T23:59:00Z' : '2026-11-22T11:00:00Z',
      },
    })),
  }),
});

describe('nodes and leases', () => {
  it('lists nodes; VXLAN being disabled is in the table and in wide (R-36)', async () => {
    await using kctl = await Workspace.open(controller);
    expect((await kctl.run('get nodes')).stdout).toBe(
      `NAME     STATE  ADDRESS         VXLAN     CPU  MEMORY  RUNTIME
node-2   ready  192.168.40.101  disabled  2    7.67G   namespace (image not booted)
node-10  ready  192.168.40.101  enabled   2    7.67G   namespace (image not booted)
`,
    );
    const wide = (await kctl.run('get node node-2 -o wide')).stdout;
    expect(wide).toContain('disabled');
    expect(wide).toContain('VlanUnsupported');
  });

  it('describes a node with what is not as it should be, and the remedy (R-36)', async () => {
    await using kctl = await Workspace.open(controller);
    const { stdout } = await kctl.run('describe node node-2');
    expect(stdout).toContain('VXLAN:         disabled\n');
    expect(stdout).toContain('  VlanUnsupported: the kernel has no 802.1Q\n    remedy: modprobe 8021q\n');
    expect(stdout).toContain('  eno1  -     yes  1500  192.168.40.101/24  carries the default route\n');
    expect(JSON.parse((await kctl.run('describe node node-2 -o json')).stdout)).toMatchObject({
      kind: 'Node',
      metadata: { name: 'node-2' },
      status: { facts: { vxlanDisabled: true } },
    });
  });

  it('shows what VMs have of a node and may have in all, and its images', async () => {
    const facts = (view: NodeDescription) => (view.facts === undefined ? {} : { facts: view.facts });
    const full = limited('node-3');
    const { allowed: _allowed, ...none } = full;
    const reason = 'there is no program qemu-system-x86_64';
    const without: NodeDescription = {
      ...none,
      ...facts({ ...none, ...(none.facts && { facts: { ...none.facts, room: { kind: 'none', reason } } }) }),
    };
    const other = new FakeController({
      'node.list': () => {
        const { networks: _n, vms: _v, images: _i, events: _e, ...view } = full;
        return { nodes: [view] };
      },
      'node.get': ({ name }) => (name === 'node-3' ? full : name === 'node-4' ? without : node(name, false)),
    });
    await using kctl = await Workspace.open(other);
    const wide = (await kctl.run('get nodes -o wide')).stdout.split('\n').map((line) => line.split(/\s{2,}/));
    expect(wide[0]?.slice(7, 10)).toEqual(['CPU-USED', 'MEMORY-USED', 'DISK-USED']);
    expect(wide[1]?.slice(7, 10)).toEqual(['3/16', '4G/7G', '40G/200G']);
    const described = async (name: string) => (await kctl.run(`describe node ${name}`)).stdout;
    expect(await described('node-3')).toContain(
      'Used by VMs:   3 of 16 CPUs, 4G of 7G of memory, 40G of 200G of disk\n',
    );
    expect(await described('node-3')).toContain('Runtime:       qemu 7.2 (tcg)\n');
    expect(await described('node-3')).toMatch(/\n {2}tiny +ready +1\.24M +sha256:a{12}… +uploaded/);
    expect(await described('node-3')).toMatch(/\n {2}- +failed +0 +sha512:b{12}… +https:.* +HTTP 404\n/);
    expect(await described('node-2')).toContain('Used by VMs:   3 CPUs, 4G of memory, 40G of disk (without a limit)\n');
    expect(await described('node-4')).toContain(`Used by VMs:   it runs none: ${reason}\n`);
  });

  it('deletes a node', async () => {
    await using kctl = await Workspace.open(controller);
    expect((await kctl.run('delete node node-2')).stdout).toBe("deleted node 'node-2'\n");
  });

  it('lists leases by address with the time they have left (R-44)', async () => {
    await using kctl = await Workspace.open(controller);
    expect((await kctl.run('get leases --network default')).stdout).toBe(
      `NETWORK  NODE    ADDRESS       MAC                VM      STATE    EXPIRES
default  node-1  10.240.0.9    52:54:00:0b:9d:01  -       expired  expired
default  node-1  10.240.0.110  52:54:00:0b:9d:00  web-01  active   11h59m
`,
    );
    expect(controller.calls.at(-1)).toEqual({ method: 'lease.list', params: { network: 'default' } });
    const { items } = JSON.parse((await kctl.run('get leases -o json')).stdout);
    expect(items[1]).toEqual({
      kind: 'Lease',
      metadata: { name: '52:54:00:0b:9d:00' },
      status: {
        node: 'node-1',
        vm: 'web-01',
        network: 'default',
        mac: '52:54:00:0b:9d:00',
        address: '10.240.0.110',
        state: 'active',
        origin: 'binding',
        expiresAt: '2026-11-22T23:59:00Z',
      },
    });
  });

  it('writes a lease file as dnsmasq does, of leases that run', async () => {
    await using kctl = await Workspace.open(controller);
    expect((await kctl.run('get leases -o dnsmasq')).stdout).toBe('1795391940 52:54:00:0b:9d:00 10.240.0.110 * *\n');
    expect((await kctl.run('get nodes -o dnsmasq')).stderr).toContain("'dnsmasq' is not one of table, wide");
  });

  it('asks for leases until it has all of them, and shows a state for each', async () => {
    const lease = { kind: 'lease', network: 'n', mac: '02:00:00:00:00:01' } as const;
    const place = { network: 'n', node: 'node-1', address: '10.0.0.2' };
    const paged = new FakeController({
      'lease.list': ({ after }) =>
        after === undefined
          ? {
              leases: [
                {
                  node: 'node-1',
                  lease: { ...lease, address: '10.0.0.1', state: 'offered', expiresAt: '2026-11-22T12:00:20Z' },
                },
                { node: 'node-1', lease: { ...lease, address: '10.0.0.2', state: 'active', hostname: 'a\u001b[31m' } },
              ],
              next: place,
            }
          : {
              leases: [
                {
                  node: 'node-1',
                  lease: { ...lease, address: '10.0.0.3', state: 'released', expiresAt: '2026-11-22T11:00:00Z' },
                },
              ],
            },
    });
    await using kctl = await Workspace.open(paged);
    const { stdout } = await kctl.run('get leases --all --node node-1 -o wide');
    expect(stdout.split('\n').map((line) => line.split(/\s{2,}/).slice(2, 8))).toEqual([
      ['ADDRESS', 'MAC', 'VM', 'STATE', 'EXPIRES', 'HOSTNAME'],
      ['10.0.0.1', lease.mac, '-', 'offered', '20s', '-'],
      ['10.0.0.2', lease.mac, '-', 'active', 'never', 'a\ufffd[31m'],
      ['10.0.0.3', lease.mac, '-', 'released', 'expired', '-'],
      [],
    ]);
    expect(paged.calls.map(({ params }) => params)).toEqual([
      { node: 'node-1', all: true },
      { node: 'node-1', all: true, after: place },
    ]);
  });
});
