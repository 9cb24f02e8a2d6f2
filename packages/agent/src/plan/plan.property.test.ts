import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attachmentsOf,
  bridgeNetwork,
  host,
  localBinding,
  natNetwork,
  node,
  peer,
  remoteBinding,
  spec,
  vm,
  vmNic,
  vxlanNetwork,
} from '../../test/support/node-fixture.ts';
import { compile } from '../compile/compile.ts';
import type { Desired } from '../compile/desired.ts';
import { type HostState, keyOf } from '../model/key.ts';
import type { MemoryHost } from '../model/memory-host.ts';
import { MemoryKernel } from '../model/memory-kernel.ts';
import type { Link, Resource } from '../model/resource.ts';
import { describe as commands } from './describe.ts';
import { plan } from './plan.ts';

/** The host is a memory kernel with the side effects of the real one; specs and damages are random. */

const vmNames = ['web', 'app', 'db', 'log'] as const;
const networkNames = ['default', 'private', 'vlan-net', 'lan', 'other'] as const;

const specs = fc
  .record({
    networks: fc.uniqueArray(fc.constantFrom(...networkNames), { minLength: 0, maxLength: 5 }),
    vms: fc.uniqueArray(
      fc.tuple(fc.constantFrom(...vmNames), fc.constantFrom(...networkNames), fc.integer({ min: 100, max: 103 })),
      {
        selector: ([name]) => name,
        maxLength: 4,
      },
    ),
    peers: fc.uniqueArray(fc.integer({ min: 102, max: 105 })),
    remote: fc.uniqueArray(fc.tuple(fc.constantFrom('r1', 'r2', 'r3'), fc.integer({ min: 102, max: 105 })), {
      selector: ([name]) => name,
    }),
    forward: fc.option(fc.integer({ min: 100, max: 103 })),
    mtu: fc.constantFrom(1400, 1450),
    lanMtu: fc.constantFrom(1400, 1500),
    outboundNat: fc.boolean(),
  })
  .map((drawn) => {
    const forwards =
      drawn.forward === null
        ? []
        : [{ protocol: 'tcp' as const, port: 8080, address: `10.240.0.${drawn.forward}`, targetPort: 80 }];
    const all = {
      default: natNetwork('default', '10.240.0.1', { forwards }),
      private: vxlanNetwork('private', '10.250.0.1', 14416, { mtu: drawn.mtu, outboundNat: drawn.outboundNat }),
      'vlan-net': natNetwork('vlan-net', '10.100.0.1', {
        vlanId: 100,
        externalIp: '192.168.100.10',
        externalGateway: '192.168.100.1',
      }),
      lan: bridgeNetwork('lan', { uplink: 'eno2', mtu: drawn.lanMtu }),
      other: bridgeNetwork('other', { uplink: 'eno2', vlanId: 7 }),
    };
    const subnets = { default: '10.240.0', private: '10.250.0', 'vlan-net': '10.100.0' } as const;
    const addressOn = (network: string, last: number): string | undefined =>
      network in subnets ? `${subnets[network as keyof typeof subnets]}.${last}` : undefined;
    return spec(
      ...drawn.networks.map((name) => all[name]),
      ...drawn.vms.map(([name, network, last]) => vm(name, vmNic(name, 0, network, addressOn(network, last)))),
      ...drawn.vms.map(([name, network, last]) => localBinding(network, name, addressOn(network, last) ?? '10.1.1.1')),
      ...drawn.peers.map((last) => peer('private', `node-${last}`, `192.168.40.${last}`)),
      ...drawn.remote.map(([name, last], index) =>
        remoteBinding('private', name, `10.250.0.${10 + index}`, `192.168.40.${last}`),
      ),
    );
  });

const desiredStates = fc
  .tuple(specs, fc.constantFrom(true, false))
  .map(([nodeSpec, bridgeCallsIptables]) =>
    compile(nodeSpec, { ...host, bridgeCallsIptables }, node, attachmentsOf(nodeSpec)),
  );

/** What a hand does: deletes some object, changes it, or puts something of its own in its place. */
type Damage = (memory: MemoryHost) => void;

const kinds = [
  'link',
  'address',
  'neighbour',
  'fdb',
  'route',
  'rule',
  'nft-table',
  'nft-set',
  'nft-chain',
  'nft-element',
];

const damages: fc.Arbitrary<Damage> = fc
  .tuple(fc.constantFrom(...kinds), fc.nat(), fc.constantFrom('delete', 'change', 'swap', 'restore'))
  .map(([kind, position, what]) => (memory: MemoryHost) => {
    const owned = [...memory.resources.values()].filter(
      (each) => each.kind === kind && (each.kind !== 'link' || each.owned),
    );
    const victim = owned[position % Math.max(owned.length, 1)];
    if (victim === undefined) return;
    const before = new Map(memory.resources);
    if (what === 'delete') tolerant(() => memory.remove(keyOf(victim)));
    else injure(memory, victim, position, what);
    // A hand that puts back what fell: then the plan's own repair is what makes it fall.
    if (what === 'restore')
      for (const each of before.values()) if (each.kind !== 'link') tolerant(() => memory.put(each));
  });

const LINK_INJURIES: readonly Partial<Link>[] = [
  { up: false },
  { mac: '02:00:00:00:00:99' },
  { mtu: 1280 },
  { master: null },
  { alias: 'kcore:other' },
  { port: { hairpin: true, learning: true } },
];

function injure(memory: MemoryHost, victim: Resource, position: number, what: string): void {
  if (victim.kind === 'link') {
    const injury = LINK_INJURIES[position % LINK_INJURIES.length];
    memory.put({ ...victim, ...injury } as Link);
    if (what !== 'swap' || typeof victim.master !== 'string') return;
    // Moved to a bridge of the hand's own, with the static entries it had.
    const mine: Link = { kind: 'link', type: 'bridge', name: 'br-hand', owned: true };
    memory.put(mine);
    memory.put({ ...victim, master: 'br-hand' } as Link);
  }
  if (victim.kind === 'address') {
    const stranger = { ...victim, address: victim.address.replace(/\d+$/, '250') };
    if (what !== 'change') memory.remove(keyOf(victim));
    memory.put(what === 'swap' || what === 'restore' ? stranger : { ...victim, address: '10.200.0.1' });
    memory.put(victim);
  }
  if (victim.kind === 'neighbour') memory.put({ ...victim, mac: '02:00:00:00:00:98' });
  if (victim.kind === 'nft-chain') memory.put({ ...victim, rules: [{ statements: [{ foreign: 'x' }] }] });
  if (victim.kind === 'nft-set') memory.resources.set(keyOf(victim), { ...victim, key: ['ifname'], interval: false });
}

/** A hand is refused, too, what the kernel refuses: a chain that is in use. */
function tolerant(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'MemoryHostError') throw error;
  }
}

function newKernel(): MemoryKernel {
  return new MemoryKernel({ nics: [{ name: 'eno1' }, { name: 'eno2', mtu: 1450 }] });
}

async function observed(kernel: MemoryKernel, desired: Desired): Promise<HostState> {
  return (await kernel.observe(desired.foreignLinks)).state;
}

async function reconcileOnce(kernel: MemoryKernel, desired: Desired): Promise<void> {
  const operations = plan(desired.state, await observed(kernel, desired));
  const results = await kernel.apply(operations);
  const failed = results.flatMap((result, index) =>
    result.status === 'ok' ? [] : [{ result, operation: operations[index] }],
  );
  expect(failed).toEqual([]);
}

/**
 * A bridge that nobody could tell its MTU, because it had that value already, follows when a port leaves or joins: that
 * alone may take a second look.
 */
async function expectSettled(kernel: MemoryKernel, desired: Desired): Promise<void> {
  const rest = commands(plan(desired.state, await observed(kernel, desired)));
  expect(rest).toMatch(/^(ip link set dev kbr-\S+ mtu \d+ {2}# mtu \d+ → \d+\n?)*$/);
  await reconcileOnce(kernel, desired);
  expect(commands(plan(desired.state, await observed(kernel, desired)))).toBe('');
}

describe('plan', () => {
  it('takes any host to the desired state in one go, from nothing and from another state', async () => {
    await fc.assert(
      fc.asyncProperty(desiredStates, desiredStates, fc.boolean(), async (first, second, promote) => {
        const kernel = newKernel();
        kernel.host.promoteSecondaries = promote;
        for (const desired of [first, second, first]) {
          await reconcileOnce(kernel, desired);
          await expectSettled(kernel, desired);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('R-51 repairs whatever a hand has done, with all that fell with it, in one go', async () => {
    await fc.assert(
      fc.asyncProperty(
        desiredStates,
        fc.array(damages, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        async (desired, blows, promote) => {
          const kernel = newKernel();
          kernel.host.promoteSecondaries = promote;
          await reconcileOnce(kernel, desired);
          for (const blow of blows) blow(kernel.host);
          await reconcileOnce(kernel, desired);
          await expectSettled(kernel, desired);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('converges when it is cut off anywhere and made again', async () => {
    await fc.assert(
      fc.asyncProperty(desiredStates, desiredStates, fc.nat(), async (first, second, cut) => {
        const kernel = newKernel();
        await reconcileOnce(kernel, first);
        const operations = plan(second.state, await observed(kernel, second));
        await kernel.apply(operations.slice(0, cut % (operations.length + 1)));
        await reconcileOnce(kernel, second);
        await expectSettled(kernel, second);
      }),
      { numRuns: 150 },
    );
  });

  it('does not depend on the order in which states are held, and is empty for equal ones', () => {
    fc.assert(
      fc.property(desiredStates, desiredStates, (first, second) => {
        const reversed = (state: HostState): HostState => new Map([...state].reverse());
        expect(plan(reversed(second.state), reversed(first.state))).toEqual(plan(second.state, first.state));
        expect(plan(first.state, first.state)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('R-54 never creates or deletes a link of others', () => {
    fc.assert(
      fc.property(desiredStates, desiredStates, (first, second) => {
        for (const operation of plan(second.state, first.state)) {
          if (operation.op === 'update') continue;
          const resource = operation.op === 'create' ? operation.want : operation.have;
          expect(resource.kind === 'link' && !resource.owned).toBe(false);
        }
      }),
      { numRuns: 100 },
    );
  });
});
