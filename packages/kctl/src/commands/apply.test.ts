import { failedPrecondition } from '@kcore/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { FakeController } from '../../test/support/fake-controller.ts';
import { Workspace } from '../../test/support/run.ts';

const PRIVATE = `kind: Network
metadata:
  name: private
spec:
  type: vxlan
  externalIp: 192.168.40.105
  gatewayIp: 10.250.0.1
  internalNetmask: "255.255.255.0"
`;

const WEB = `kind: VM
metadata:
  name: web-01
spec:
  cpu: 2
  memoryBytes: "4G"
  storageBackend: filesystem
  storageSizeBytes: "40G"
  nics:
    - network: private
  disks:
    - image: https://...
      sha256: "<sha256>"
      format: qcow2
`;

describe('apply', () => {
  let kctl: Workspace;
  beforeEach(async () => {
    kctl = await Workspace.open();
  });
  afterEach(async () => kctl[Symbol.asyncDispose]());

  const apply = async (text: string, more = ''): ReturnType<Workspace['run']> => {
    const file = await kctl.write('network.yaml', text);
    return await kctl.run(`apply -f ${file} ${more}`);
  };

  it('applies the network manifest of networks.txt verbatim, and again without a change (R-27)', async () => {
    expect(await apply(PRIVATE)).toEqual({ exit: 0, stdout: "created network 'private'\n", stderr: '' });
    expect((await apply(PRIVATE)).stdout).toBe("unchanged network 'private'\n");
    const changed = await apply(PRIVATE.replace('.105', '.106'));
    expect(changed.stdout).toBe("configured network 'private'\n  externalIp: 192.168.40.105 → 192.168.40.106\n");
  });

  it('applies the VM manifest of networks.txt verbatim (R-42)', async () => {
    expect(await apply(WEB)).toEqual({ exit: 0, stdout: "created vm 'web-01'\n", stderr: '' });
    expect(kctl.controller.calls[0]?.params).toMatchObject({
      name: 'web-01',
      spec: {
        cpu: 2,
        memoryBytes: '4G',
        storageBackend: 'filesystem',
        storageSizeBytes: '40G',
        nics: [{ network: 'private' }],
        disks: [{ image: 'https://...', sha256: '<sha256>', format: 'qcow2' }],
      },
    });
  });

  it('reads several documents, networks before the VMs on them, and standard input', async () => {
    const vlan = PRIVATE.replace('private', 'vlan-net').replace('vxlan', 'nat\n  vlanId: 100');
    const ran = await kctl.run('apply -f -', { input: `---\n${WEB}---\n${PRIVATE}---\n# nothing\n---\n${vlan}` });
    expect(ran).toEqual({
      exit: 0,
      stdout: "created network 'private'\ncreated network 'vlan-net'\ncreated vm 'web-01'\n",
      stderr: '',
    });
  });

  it('reads JSON and several files', async () => {
    const json = await kctl.write('network.json', JSON.stringify(parse(PRIVATE)));
    const yaml = await kctl.write('vm.yaml', WEB);
    const ran = await kctl.run(`apply -f ${yaml} -f ${json} -o name`);
    expect(ran.stdout).toBe('network/private\nvm/web-01\n');
  });

  it('changes nothing with --dry-run and says so', async () => {
    expect((await apply(PRIVATE, '--dry-run')).stdout).toBe("created network 'private' (dry run)\n");
    expect(kctl.controller.calls[0]?.params).toMatchObject({ dryRun: true });
    expect(kctl.controller.networks.size).toBe(0);
  });

  it.each([
    [
      PRIVATE.replace('gatewayIp', 'gatwayIp'),
      ":7: Network 'private': unknown key 'gatwayIp' in spec; did you mean 'gatewayIp'?",
    ],
    [
      PRIVATE.replace('gatewayIp', 'gateway_ip'),
      ":7: Network 'private': unknown key 'gateway_ip' in spec; did you mean 'gatewayIp'?",
    ],
    [
      `${WEB}---\n${PRIVATE.replace('metadata', 'metdata')}`,
      ":17: Network: unknown key 'metdata'; did you mean 'metadata'?",
    ],
    [
      WEB.replace('network:', 'netwrok:'),
      ":10: VM 'web-01': unknown key 'netwrok' in spec.nics.0; did you mean 'network'?",
    ],
    [WEB.replace('cpu: 2', 'cpu: two'), `:5: VM 'web-01': spec.cpu: expected number but got "two"`],
    [
      PRIVATE.replace('10.250.0.1', '10.250.0.256'),
      ":7: Network 'private': spec.gatewayIp: '10.250.0.256' is not an IPv4 address (for example 10.0.0.1)",
    ],
    [PRIVATE.replace('  name: private', '  {}'), ":2: Network: missing field 'metadata.name'"],
    [
      PRIVATE.replace('Network', 'Netwrok'),
      ":1: kind 'Netwrok' cannot be applied (Network or VM); did you mean 'Network'?",
    ],
    ['metadata: {name: a}', ":1: missing field 'kind' (Network or VM)"],
    ['\n- 1', ':2: a manifest is an object with kind, metadata and spec'],
    [`${PRIVATE}---\n${PRIVATE}`, `Network 'private' is described twice, at FILE:1 and FILE:10`],
  ])('refuses a wrong manifest with its line before anything is sent (%#)', async (text, message) => {
    const ran = await apply(text);
    const file = kctl.path('network.yaml');
    expect(ran.stderr).toBe(
      `Error: InvalidArgument: ${message.startsWith(':') ? file : ''}${message.replaceAll('FILE', file)}\n`,
    );
    expect({ exit: ran.exit, stdout: ran.stdout, calls: kctl.controller.calls }).toEqual({
      exit: 5,
      stdout: '',
      calls: [],
    });
  });

  it('refuses what is not YAML, with the line', async () => {
    const ran = await apply('kind: Network\nspec: [1, 2\nmetadata: {}\n');
    expect(ran.exit).toBe(5);
    expect(ran.stderr).toMatch(/^Error: InvalidArgument: \S+network\.yaml:\d: /);
  });

  it('stops at the first refusal, names the document, and says what was not tried', async () => {
    const controller = new FakeController({
      'network.apply': () => {
        throw failedPrecondition("VXLAN is disabled on node 'n1'; cannot create vxlan network");
      },
    });
    const file = await kctl.write('all.yaml', `${WEB}---\n${PRIVATE}`);
    const ran = await kctl.run(`apply -f ${file}`, { connect: controller.connect });
    expect(ran.exit).toBe(4);
    expect(ran.stderr).toBe(
      `${file}:16: Network 'private' was not applied:
Error: FailedPrecondition: VXLAN is disabled on node 'n1'; cannot create vxlan network
not tried: VM 'web-01'
`,
    );
  });

  it('takes back what -o yaml and -o json print, as the same object', async () => {
    await apply(`${PRIVATE}---\n${WEB}`);
    const before = structuredClone(kctl.controller.networks.get('private'));
    for (const format of ['yaml', 'json']) {
      const printed = await kctl.run(`get network private -o ${format}`);
      const again = await kctl.run('apply -f -', { input: printed.stdout });
      expect(again).toEqual({ exit: 0, stdout: "unchanged network 'private'\n", stderr: '' });
      expect(kctl.controller.networks.get('private')).toEqual(before);
      const vms = await kctl.run(`get vms -o ${format}`);
      expect((await kctl.run('apply -f -', { input: vms.stdout })).stdout).toBe("unchanged vm 'web-01'\n");
    }
  });

  it('prints outcomes with their objects as JSON', async () => {
    const { items } = JSON.parse((await apply(PRIVATE, '-o json')).stdout);
    expect(items).toMatchObject([
      { kind: 'Network', name: 'private', outcome: 'created', object: { status: { vni: 14416 } } },
    ]);
  });

  it.each([
    ['apply', "Error: Usage: 'kctl apply' needs -f FILE (or -f - for standard input)\n", 2],
    ['apply -f - -f -', 'Error: Usage: standard input can be read only once: -f - is given twice\n', 2],
    ['apply -f -', 'Error: Usage: there is no manifest in -\n', 2],
    ['apply -f /nonexistent', "Error: InvalidArgument: cannot read '/nonexistent': there is no such file\n", 5],
  ])('%s is refused', async (line, message, exit) => {
    const ran = await kctl.run(line);
    expect(ran.exit).toBe(exit);
    expect(ran.stderr.startsWith(message)).toBe(true);
  });
});
