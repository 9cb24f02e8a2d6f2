import type { SpecObject } from '@kcore/contract';
import { compile } from '../../src/compile/compile.ts';
import type { Desired, NodeIdentity } from '../../src/compile/desired.ts';
import type { HostFacts, HostLink } from '../../src/model/host-facts.ts';
import type { Resource } from '../../src/model/resource.ts';
import { attachmentsOf, host, nic, node, spec } from './node-fixture.ts';

/** How the host and the node differ from the fixture's. */
export interface Situation {
  readonly host?: Partial<HostFacts>;
  readonly node?: Partial<NodeIdentity>;
}

export function compiled(objects: readonly SpecObject[], situation: Situation = {}): Desired {
  const nodeSpec = spec(...objects);
  const facts = { ...host, ...situation.host };
  return compile(nodeSpec, facts, { ...node, ...situation.node }, attachmentsOf(nodeSpec));
}

export function resource(desired: Desired, key: string): Resource | undefined {
  return desired.state.get(key);
}

export function keys(desired: Desired, start: string): readonly string[] {
  return [...desired.state.keys()].filter((key) => key.startsWith(start));
}

/** Condition types of a network, and whether it was refused. */
export function verdict(desired: Desired, network: string): readonly string[] {
  const outcome = desired.networks.get(network);
  const types = outcome?.conditions.map((condition) => condition.type) ?? ['absent'];
  return outcome?.blocked === true ? ['blocked', ...types] : types;
}

/** A link that kcore made, as a host shows it. */
export function owned(name: string, kind: string): HostLink {
  return nic(name, { kind, owned: true, index: 9 });
}

export function withLinks(...links: HostLink[]): Situation {
  return { host: { links: [...host.links, ...links] } };
}
