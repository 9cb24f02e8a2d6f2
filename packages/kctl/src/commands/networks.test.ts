import { KcoreError } from '@kcore/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeController } from '../../test/support/fake-controller.ts';
import { Workspace } from '../../test/support/run.ts';

describe('networks', () => {
  let kctl: Workspace;
  beforeEach(async () => {
    kctl = await Workspace.open();
  });
  afterEach(async () => kctl[Symbol.asyncDispose]());

  it('creates the vxlan network of networks.txt verbatim (R-26)', async () => {
    const ran = await kctl.run(String.raw`kctl create network private \
      --external-ip 192.168.40.105 \
      --gateway-ip 10.250.0.1 \
      --internal-netmask 255.255.255.0 \
      --type vxlan`);
    expect(ran).toEqual({
      exit: 0,
      stderr: '',
      stdout: `created network 'private'
  type:    vxlan
  vni:     14416
  bridge:  kbr-private
  subnet:  10.250.0.0/24
  mtu:     1450
  nodes:   node-1, node-2, node-3 (and those that join later)
`,
    });
    expect(kctl.controller.calls).toEqual([
      {
        method: 'network.create',
        params: {
          requestId: 'request-00000001',
          name: 'private',
          spec: {
            type: 'vxlan',
            externalIp: '192.168.40.105',
            gatewayIp: '10.250.0.1',
            internalNetmask: '255.255.255.0',
          },
          targetNodes: [],
        },
      },
    ]);
  });

  it('creates the VLAN network of networks.txt verbatim, and says which node was picked (R-26, R-35)', async () => {
    const ran = await kctl.run(String.raw`kctl create network vlan-net \
      --type nat \
      --vlan-id 100 \
      --external-ip 192.168.100.10 \
      --gateway-ip 10.100.0.1 \
      --internal-netmask 255.255.255.0`);
    expect(ran.exit).toBe(0);
    expect(ran.stdout).toContain('  nodes:   node-1 (picked by the controller; --target-node chooses)\n');
    expect(kctl.controller.networks.get('vlan-net')).toMatchObject({ type: 'nat', vlanId: 100 });
  });

  it('sends every flag of create network where the contract has it', async () => {
    const ran = await kctl.run(
      `create network web --gateway-ip 10.100.0.1 --internal-netmask 255.255.255.0 --external-ip 1.2.3.4 --uplink eno2
       --external-gateway 1.2.3.1 --no-outbound-nat --forward tcp:8080:web-01:80 --forward udp:53:10.100.0.9
       --allow-tcp-port 443 --allow-udp-port 500 --target-node node-2 --target-node node-1 --target-node node-2
       --mtu 1400 --dhcp --dhcp-range-start 10.100.0.50 --dhcp-range-end 10.100.0.60 --dhcp-lease 1h --dhcp-dns 9.9.9.9
       --dhcp-domain lan --dhcp-reservation 52:54:00:0B:9D:9F=10.100.0.9=web`,
    );
    expect(ran.stderr).toBe('');
    expect(kctl.controller.calls[0]?.params).toMatchObject({
      targetNodes: ['node-2', 'node-1'],
      spec: {
        uplink: 'eno2',
        externalGateway: '1.2.3.1',
        enableOutboundNat: false,
        forwards: [
          { protocol: 'tcp', port: 8080, vm: 'web-01', targetPort: 80 },
          { protocol: 'udp', port: 53, address: '10.100.0.9' },
        ],
        allowedTcpPorts: [443],
        allowedUdpPorts: [500],
        mtu: 1400,
        dhcp: {
          enabled: true,
          rangeStart: '10.100.0.50',
          rangeEnd: '10.100.0.60',
          leaseSeconds: 3600,
          dns: ['9.9.9.9'],
          domain: 'lan',
          reservations: [{ mac: '52:54:00:0b:9d:9f', address: '10.100.0.9', hostname: 'web' }],
        },
      },
    });
  });

  it('prints the table of networks.txt, column for column (R-29)', async () => {
    await kctl.run(
      'create network prod --type vxlan --gateway-ip 10.100.0.1 --internal-netmask 255.255.255.0 --external-ip 1.2.3.4',
    );
    expect((await kctl.run('kctl get networks')).stdout).toBe(
      `NAME   TYPE   GATEWAY      NETMASK         VLAN  OVERLAY  BRIDGE           NODES
prod   vxlan  10.100.0.1   255.255.255.0   -     yes      kbr-prod         3
`,
    );
  });

  it('shows one row a logical name, in the order of names, with - where there is nothing', async () => {
    await kctl.run('create network lan-10 --type bridge --vlan-id 100 --target-node node-1 --target-node node-2');
    await kctl.run('create network lan-9 --type bridge');
    await kctl.run('create network customer-acme --gateway-ip 10.1.0.1 --internal-netmask 255.255.0.0');
    const lines = (await kctl.run('get network')).stdout.split('\n').map((line) => line.split(/\s{2,}/));
    expect(lines).toEqual([
      ['NAME', 'TYPE', 'GATEWAY', 'NETMASK', 'VLAN', 'OVERLAY', 'BRIDGE', 'NODES'],
      ['customer-acme', 'nat', '10.1.0.1', '255.255.0.0', '-', 'no', 'kb-06c5cd41', '1'],
      ['lan-9', 'bridge', '-', '-', '-', 'no', 'kbr-lan-9', '1'],
      ['lan-10', 'bridge', '-', '-', '100', 'no', 'kbr-lan-10', '2'],
      [''],
    ]);
    const onNode = (await kctl.run('get networks --target-node node-2')).stdout.split('\n');
    expect(onNode.map((line) => line.split(/\s{2,}/).at(-1))).toEqual(['NODES', '1', '']);
    expect((await kctl.run('get networks -o name')).stdout).toBe(
      'network/customer-acme\nnetwork/lan-9\nnetwork/lan-10\n',
    );
  });

  it('describes a network with its nodes, VMs, conditions and events (R-30)', async () => {
    await kctl.run('create network prod --type vxlan --gateway-ip 10.100.0.1 --internal-netmask 255.255.255.0');
    await kctl.run('create vm web-01 --network prod');
    const prod = kctl.controller.networks.get('prod');
    if (prod === undefined) throw new Error('it was not created');
    const view = kctl.controller.view(prod);
    const condition = { type: 'UnderlayMtuTooSmall', message: 'eno1 carries 1400', remedy: 'raise its MTU' };
    const controller = new FakeController({
      'network.get': () => ({
        network: { ...prod, forwards: [{ protocol: 'tcp', port: 8080, vm: 'web-01', targetPort: 80 }] },
        nodes: view.nodes.map((node, at) =>
          at === 1 ? { ...node, state: 'error', message: 'EEXIST: \u001b[31mtaken', conditions: [condition] } : node,
        ),
        dhcp: [
          {
            node: 'node-1',
            status: {
              kind: 'dhcp',
              network: 'prod',
              messages: { discover: 7, offer: 6, request: 5, ack: 4, nak: 3, decline: 2, release: 1, inform: 0 },
              dropped: { 'pool-exhausted': 1, 'unknown-relay': 2 },
              unsent: 0,
              probes: 3,
              addresses: { range: 100, active: 12, offered: 1, declined: 2 },
            },
          },
        ],
        vms: [...kctl.controller.vms.values()].map((vm) => ({ vm })),
        events: [
          {
            node: 'node-1',
            event: { kind: 'event', sequence: 1, at: '2026-11-22T11:58:00Z', type: 'DriftRepaired', message: 'fdb' },
          },
        ],
      }),
    });
    const ran = await kctl.run('kctl describe network prod', { connect: controller.connect });
    expect(ran.stdout).toBe(`Name:          prod
Type:          vxlan
Overlay:       yes
Bridge:        kbr-prod
VNI:           14458
Subnet:        10.100.0.0/24
Gateway:       10.100.0.1
Netmask:       255.255.255.0
MTU:           1450
VLAN:          -
Uplink:        the node's gateway interface
External IP:   -
Outbound NAT:  yes
DHCP:          no, addresses are static
Every node:    yes, those that join later too
Created:       2026-11-22T10:00:00Z (2h ago)
Forwards:
  tcp:8080:web-01:80
Nodes:
  NAME    VTEP            EXTERNAL-IP  STATE  MESSAGE
  node-1  192.168.40.101  -            ready  -
  node-2  192.168.40.102  -            error  EEXIST: \ufffd[31mtaken
  node-3  192.168.40.103  -            ready  -
VMs:
  NAME    NODE    ADDRESS     MAC                STATE
  web-01  node-1  10.250.0.2  52:54:00:0b:9d:9f  unknown
DHCP:
  NODE    LEASED     OFFERED  DECLINED  DISCOVERS  OFFERS  REQUESTS  ACKS  NAKS  DECLINES  RELEASES  INFORMS  NOT ANSWERED
  node-1  12 of 100  1        2         7          6       5         4     3     2         1         0        pool-exhausted 1, unknown-relay 2
Conditions:
  UnderlayMtuTooSmall on node-2: eno1 carries 1400
    remedy: raise its MTU
Events:
  AGO  NODE    TYPE           OBJECT  MESSAGE
  2m   node-1  DriftRepaired  -       fdb
`);
  });

  it('deletes, and says where a copy is left (R-31, R-32)', async () => {
    await kctl.run('create network prod --target-node node-1 --target-node node-2 --gateway-ip 10.0.0.1');
    const refused = await kctl.run('kctl delete network prod');
    expect(refused).toEqual({
      exit: 4,
      stdout: '',
      stderr: "Error: FailedPrecondition: network 'prod' exists on multiple nodes; pass --target-node\n",
    });
    expect((await kctl.run('delete network prod --target-node node-1')).stdout).toBe(
      "deleted network 'prod' from node-1 (still on node-2)\n",
    );
    expect((await kctl.run('delete network prod --all-nodes')).stdout).toBe("deleted network 'prod'\n");
    expect(kctl.controller.calls.at(-1)?.params).toMatchObject({ name: 'prod', targetNodes: [], allNodes: true });
  });

  it('names what is not there and shows the rest (R-34)', async () => {
    await kctl.run('create network prod --gateway-ip 10.0.0.1');
    const ran = await kctl.run('get networks nope prod');
    expect(ran.exit).toBe(3);
    expect(ran.stderr).toBe("Error: NotFound: network 'nope' not found\n");
    expect(ran.stdout).toContain('\nprod ');
    expect((await kctl.run('get network nope')).stdout).toBe('');
    const deleted = await kctl.run('delete network nope prod -o json');
    expect(deleted.exit).toBe(3);
    expect(JSON.parse(deleted.stdout)).toMatchObject({ items: [{ name: 'prod', outcome: 'deleted' }] });
  });

  it.each([
    ['NotFound', 3],
    ['FailedPrecondition', 4],
    ['InvalidArgument', 5],
    ['Unavailable', 6],
    ['DeadlineExceeded', 6],
    ['AlreadyExists', 7],
    ['Aborted', 7],
    ['ResourceExhausted', 8],
    ['Unauthenticated', 9],
    ['PermissionDenied', 9],
    ['Internal', 1],
  ] as const)('ends with the status of %s and one line on stderr (R-40)', async (code, exit) => {
    const controller = new FakeController({
      'network.list': () => {
        throw new KcoreError(code, 'that is how it is', { remedy: 'do otherwise' });
      },
    });
    expect(await kctl.run('get networks', { connect: controller.connect })).toEqual({
      exit,
      stdout: '',
      stderr: `Error: ${code}: that is how it is\nRemedy: do otherwise\n`,
    });
  });
});
