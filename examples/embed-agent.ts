/**
 * The agent inside other node software, which runs its guests itself: its runtime says which port a guest needs, and
 * `start` is called when that port is there with its rules. Here the kernel is one in memory, so that it runs
 * anywhere; on a host it is `await createKernel()`.
 */
import * as kcore from '@kcore/agent';
import { nicMac, type SpecObject, tapName } from '@kcore/contract';

const guests = new Map<string, kcore.VmObserved>();

const runtime: kcore.VmRuntime = {
  description: 'taps of our own',
  observe: async () => [...guests.values()],
  async prepare({ name, uid, nics }) {
    guests.set(name, { name, uid, state: 'prepared' });
    return nics.map(() => ({ kind: 'tap', vnetHeader: true, multiQueue: false }));
  },
  async start({ name, uid }) {
    guests.set(name, { name, uid, state: 'running' });
  },
  stop: async () => {},
  remove: async () => {},
  async *watch() {},
  async [Symbol.asyncDispose]() {},
};

const [mac, tap, address] = [nicMac('web-01'), tapName('web-01'), '10.250.0.2'];
const nic = { index: 0, network: 'private', mac, tap, address, antiSpoofing: true };
// biome-ignore format: one object a line
const objects: SpecObject[] = [
  { kind: 'network', name: 'private', uid: 'n1', type: 'vxlan', vni: 14416, gatewayIp: '10.250.0.1', prefix: 24, mtu: 1450, outboundNat: false, dhcp: {}, forwards: [] },
  { kind: 'peer', network: 'private', node: 'node-2', vtep: '192.168.40.102' },
  { kind: 'binding', network: 'private', vm: 'web-01', nic: 0, mac, address, node: 'node-1' },
  { kind: 'vm', vm: { name: 'web-01', uid: 'v1', node: 'node-1', cpu: 1, memoryBytes: 2 ** 30, storageBackend: 'filesystem', disks: [], nics: [nic], state: 'running', hostname: 'web-01', sshKeys: [], restartPolicy: 'always', createdAt: '2030-01-01T00:00:00Z' } },
];

/** Runs the agent until the guest runs; returns what was done to the host, in the words of ip, bridge and nft. */
export async function embed(kernel: kcore.MemoryKernel): Promise<string> {
  await using agent = kcore.createAgent({
    identity: { node: 'node-1', agentVersion: '1.0.0', vxlanDisabled: false, vtep: 'eno1' },
    surroundings: kcore.hostSurroundings('/etc/resolv.conf'),
    source: kcore.fixedSource(objects),
    store: kcore.createMemoryStore(),
    clock: kcore.systemClock,
    log: kcore.quietLog(),
    kernel,
    runtime,
  });
  while (guests.get('web-01')?.state !== 'running') await kcore.systemClock.sleep(10);
  await agent.reached(1);
  return kcore.describe(kernel.plans.flat());
}

if (process.argv[1] === import.meta.filename) {
  const eno1 = { name: 'eno1', mtu: 1500, up: true };
  const addresses = [{ link: 'eno1', address: '192.168.40.101', prefix: 24 }];
  process.stdout.write(`${await embed(new kcore.MemoryKernel({ nics: [eno1], facts: { addresses } }))}\n`);
}
