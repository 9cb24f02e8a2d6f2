import type { NodeNetwork, SpecObject } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.ts';
import type { Desired } from '../../src/compile/desired.ts';
import type { Kernel } from '../../src/model/kernel.ts';
import { describe as commands } from '../../src/plan/describe.ts';
import { plan } from '../../src/plan/plan.ts';
import {
  attachmentsOf,
  bridgeNetwork,
  localBinding,
  natNetwork,
  node,
  peer,
  remoteBinding,
  spec,
  vm,
  vmNic,
  vxlanNetwork,
} from '../support/node-fixture.ts';
import { netlinkHost } from './hosts.ts';
import { inNamespace } from './witness.ts';

/** What compile makes, made by the agent over netlink: one pass, nothing left to do, and nothing left over. */

const forwards: NodeNetwork['forwards'] = [{ protocol: 'tcp', port: 8080, address: '10.240.0.100', targetPort: 80 }];
const everything: readonly SpecObject[] = [
  natNetwork('default', '10.240.0.1', { uplink: 'eno1', forwards }),
  vm('web-01', vmNic('web-01', 0, 'default', '10.240.0.100')),
  natNetwork('customer-acme', '10.241.0.1', { uplink: 'eno2', externalGateway: '10.7.0.1' }),
  vxlanNetwork('private', '10.250.0.1', 14416, { uplink: 'eno1' }),
  vxlanNetwork('closed', '10.251.0.1', 14458, { outboundNat: false }),
  peer('private', 'node-2', '192.168.40.102'),
  peer('private', 'node-3', '192.168.40.103'),
  remoteBinding('private', 'app', '10.250.0.2', '192.168.40.102'),
  localBinding('private', 'db', '10.250.0.3'),
  vm('db', vmNic('db', 0, 'private', '10.250.0.3'), vmNic('db', 1, 'lan')),
  bridgeNetwork('lan', { uplink: 'eno3' }),
];
const tap = { kind: 'tap', vnetHeader: true, multiQueue: false } as const;
const attachments = attachmentsOf(spec(...everything), () => tap);

async function desiredOn(kernel: Kernel, objects: readonly SpecObject[]): Promise<Desired> {
  const { facts } = await kernel.observe(new Set());
  return compile(spec(...objects), facts, node, attachments);
}

async function pass(kernel: Kernel, desired: Desired): Promise<string> {
  const { state } = await kernel.observe(desired.foreignLinks);
  const operations = plan(desired.state, state);
  const results = await kernel.apply(operations);
  const failed = results.flatMap((result, index) => {
    const operation = operations[index];
    return result.status === 'ok' || operation === undefined ? [] : [{ ...result, operation }];
  });
  expect(failed).toEqual([]);
  return commands(operations);
}

describe('the state of every network type', () => {
  it('R-51 is reached in one pass, is then left alone, and goes without a trace', async () => {
    await using host = await netlinkHost();
    const { kernel, namespace } = host;
    for (const name of ['eno1', 'eno2', 'eno3']) await host.addNic(name);
    if (namespace === undefined) throw new Error('a netlink host without a namespace');
    await inNamespace(namespace, 'ip', 'address', 'add', '192.168.40.101/24', 'dev', 'eno1');
    await inNamespace(namespace, 'ip', 'address', 'add', '10.7.0.2/24', 'dev', 'eno2');
    const desired = await desiredOn(kernel, everything);
    expect([...desired.networks].filter(([, outcome]) => outcome.blocked)).toEqual([]);
    await pass(kernel, desired);
    expect(await pass(kernel, await desiredOn(kernel, everything))).toBe('');
    const fewer = everything.filter((object) => !('name' in object && object.name === 'customer-acme'));
    await pass(kernel, await desiredOn(kernel, fewer));
    expect(await pass(kernel, await desiredOn(kernel, fewer))).toBe('');
    await pass(kernel, await desiredOn(kernel, []));
    expect((await kernel.observe(new Set())).state.size).toBe(0);
  });

  it('R-51 R-16 grows and shrinks by what changed alone', async () => {
    await using host = await netlinkHost();
    const { kernel, namespace } = host;
    await host.addNic('eno1');
    if (namespace === undefined) throw new Error('a netlink host without a namespace');
    await inNamespace(namespace, 'ip', 'address', 'add', '192.168.40.101/24', 'dev', 'eno1');
    const before = everything.filter((object) => object.kind !== 'peer' || object.node !== 'node-3');
    await pass(kernel, await desiredOn(kernel, before));
    expect((await pass(kernel, await desiredOn(kernel, everything))).split('\n')).toEqual([
      "nft 'add element ip kcore vxlan-peers { 192.168.40.103 }'  # missing",
      'bridge fdb append 00:00:00:00:00:00 dev vxlan14416 dst 192.168.40.103 self permanent  # missing',
    ]);
    expect((await pass(kernel, await desiredOn(kernel, before))).split('\n')).toEqual([
      'bridge fdb delete 00:00:00:00:00:00 dev vxlan14416 dst 192.168.40.103 self permanent  # not wanted',
      "nft 'delete element ip kcore vxlan-peers { 192.168.40.103 }'  # not wanted",
    ]);
  });
});
