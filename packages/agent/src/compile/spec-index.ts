import type { BindingObject, NodeNetwork, NodeSpec, PeerObject, Vm } from '@kcore/contract';

/** A NodeSpec by network, in an order that does not depend on how the objects arrived. */
export interface SpecIndex {
  readonly networks: readonly NodeNetwork[];
  readonly vms: readonly Vm[];
  peersOf(network: string): readonly PeerObject[];
  bindingsOf(network: string): readonly BindingObject[];
}

export function indexSpec(spec: NodeSpec): SpecIndex {
  const networks: NodeNetwork[] = [];
  const vms: Vm[] = [];
  const peers = new Map<string, PeerObject[]>();
  const bindings = new Map<string, BindingObject[]>();
  for (const [, object] of [...spec.objects].toSorted(([a], [b]) => compareText(a, b))) {
    if (object.kind === 'network') networks.push(object);
    else if (object.kind === 'vm') vms.push(object.vm);
    else if (object.kind === 'peer') append(peers, object.network, object);
    else if (object.kind === 'binding') append(bindings, object.network, object);
  }
  return {
    networks,
    vms,
    peersOf: (network) => peers.get(network) ?? [],
    bindingsOf: (network) => bindings.get(network) ?? [],
  };
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** By code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
