import { isDeepStrictEqual } from 'node:util';
import type { KeptDisks, Network, Vm } from '@kcore/contract';
import { keys, type NodeRow } from '../store/rows.ts';
import type { Change } from '../store/store.ts';
import type { ClusterView } from './cluster-view.ts';
import { bindingKeys, keptDisksKey } from './node-spec.ts';

/**
 * Which keys of whose specs a change in the store may have changed.
 *
 * More may be named than really changed: the object is then looked up and sent as it is, or its absence is. Fewer never:
 * what a node held before a change and must not hold after it is named by the change itself or, when the node left a
 * network, is every key of that network.
 */
export type Touch =
  /** A key in the specs of all nodes that are on the network now. */
  | { readonly kind: 'network'; readonly network: string; readonly key: string }
  /** A key in the spec of one node. */
  | { readonly kind: 'node'; readonly node: string; readonly key: string }
  /** The node came to the network or left it: every key of the network in its spec. */
  | { readonly kind: 'member'; readonly network: string; readonly node: string }
  /** A guest came to the network or left it on this node: forwards carry addresses of guests. */
  | { readonly kind: 'guest'; readonly network: string; readonly node: string }
  /** The node's tunnel endpoint is another: it as a peer, and the bindings of its VMs, for everyone. */
  | { readonly kind: 'vtep'; readonly node: string };

export function touchedBy({ key, before, after }: Change): Touch[] {
  const name = key.slice(key.indexOf('/') + 1);
  if (key.startsWith(keys.networks))
    return networkTouches(name, before as Network | undefined, after as Network | undefined);
  if (key.startsWith(keys.vms)) return vmTouches(before as Vm | undefined, after as Vm | undefined);
  if (key.startsWith(keys.nodes)) return nodeTouches(name, before as NodeRow | undefined, after as NodeRow | undefined);
  if (key.startsWith(keys.keptDisks)) {
    const rows = [before, after].filter((row) => row !== undefined) as KeptDisks[];
    return rows.map(({ node, uid }) => ({ kind: 'node', node, key: keptDisksKey(uid) }));
  }
  return [];
}

function networkTouches(network: string, before: Network | undefined, after: Network | undefined): Touch[] {
  const was = new Map(before?.nodes.map((node) => [node.name, node]));
  const is = new Map(after?.nodes.map((node) => [node.name, node]));
  const touches: Touch[] = [];
  for (const node of new Set([...was.keys(), ...is.keys()])) {
    if (was.has(node) && is.has(node)) {
      if (isDeepStrictEqual(was.get(node), is.get(node))) continue;
      touches.push({ kind: 'node', node, key: `network/${network}` });
    } else {
      touches.push({ kind: 'member', network, node }, { kind: 'network', network, key: `peer/${network}/${node}` });
    }
  }
  const generic = (row: Network | undefined) =>
    row === undefined ? undefined : { ...row, nodes: [], everyNode: false, excludedNodes: [] };
  if (!isDeepStrictEqual(generic(before), generic(after))) {
    touches.push({ kind: 'network', network, key: `network/${network}` });
  }
  return touches;
}

function vmTouches(before: Vm | undefined, after: Vm | undefined): Touch[] {
  const touches: Touch[] = [];
  const rows = [before, after].filter((vm) => vm !== undefined);
  for (const vm of rows) {
    touches.push({ kind: 'node', node: vm.node, key: `vm/${vm.name}` });
    const bindingsSame = before !== undefined && after !== undefined && sameBindings(before, after);
    if (bindingsSame) continue;
    for (const key of bindingKeys(vm)) {
      const network = key.split('/')[1] ?? '';
      touches.push({ kind: 'network', network, key }, { kind: 'node', node: vm.node, key });
      touches.push({ kind: 'guest', network, node: vm.node });
    }
  }
  return touches;
}

function sameBindings(a: Vm, b: Vm): boolean {
  return a.uid === b.uid && a.node === b.node && a.hostname === b.hostname && isDeepStrictEqual(a.nics, b.nics);
}

function nodeTouches(node: string, before: NodeRow | undefined, after: NodeRow | undefined): Touch[] {
  return before?.facts.vtep === after?.facts.vtep ? [] : [{ kind: 'vtep', node }];
}

/** Keys of a node's spec that any of these touches concerns, by where things are now. */
export function dirtyKeys(view: ClusterView, node: string, touches: readonly Touch[]): Set<string> {
  // What a network had when the node was on it may have gone before or after the node left it.
  const moved = new Set(
    touches.flatMap((touch) => (touch.kind === 'member' && touch.node === node ? [touch.network] : [])),
  );
  const dirty = new Set<string>();
  for (const touch of touches) {
    for (const key of keysTouchedAt(view, node, touch, moved)) dirty.add(key);
  }
  // A node is no peer of its own; such a key is never in its spec.
  for (const key of dirty) if (key.startsWith('peer/') && key.endsWith(`/${node}`)) dirty.delete(key);
  return dirty;
}

function keysTouchedAt(view: ClusterView, node: string, touch: Touch, moved: ReadonlySet<string>): readonly string[] {
  switch (touch.kind) {
    case 'network':
      return moved.has(touch.network) || view.isOn(touch.network, node) ? [touch.key] : [];
    case 'node':
      return touch.node === node ? [touch.key] : [];
    case 'member':
      return touch.node === node ? keysOfMember(view, touch.network) : [];
    case 'guest':
      return touch.node === node && hasForwards(view, touch.network) ? [`network/${touch.network}`] : [];
    case 'vtep':
      return vtepKeys(view, touch.node).filter((key) => view.isOn(key.split('/')[1] ?? '', node));
  }
}

function hasForwards(view: ClusterView, name: string): boolean {
  const network = view.networks.get(name);
  if (network === undefined) return false;
  return network.forwards.length + network.allowedTcpPorts.length + network.allowedUdpPorts.length > 0;
}

/** Every key that a network can have in the spec of a node that is on it now or was until now. */
function keysOfMember(view: ClusterView, network: string): string[] {
  const peers = (view.networks.get(network)?.nodes ?? []).map(({ name }) => `peer/${network}/${name}`);
  return [`network/${network}`, ...peers, ...bindingsOf(view, network)];
}

function bindingsOf(view: ClusterView, network: string): string[] {
  return [...view.vmsOn(network)].flatMap((name) => {
    const vm = view.vms.get(name);
    return vm === undefined ? [] : bindingKeys(vm).filter((key) => key.split('/')[1] === network);
  });
}

function vtepKeys(view: ClusterView, node: string): string[] {
  const overlays = [...view.networksAt(node)].filter((name) => view.networks.get(name)?.type === 'vxlan');
  const peers = overlays.map((network) => `peer/${network}/${node}`);
  const bindings = [...view.vmsAt(node)].flatMap((name) => {
    const vm = view.vms.get(name);
    return vm === undefined ? [] : bindingKeys(vm);
  });
  return [...peers, ...bindings];
}
