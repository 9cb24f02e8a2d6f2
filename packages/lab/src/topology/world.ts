import { namespaceOf, namespacePath, nodeAddress, OUTSIDE_ADDRESS, SEGMENT, UPSTREAM, worldPorts } from '../names.ts';
import type { Wiring } from './wiring.ts';

/**
 * The lab's map. Two segments, each a bridge in the world's namespace: the nodes' own, with the controller, and a second
 * one with a DHCP server, for bridge networks. The world routes for nobody: what comes to it without being translated to
 * an address of a segment gets no answer, as on the internet.
 */
export const SEGMENT_BRIDGE = 'segment';
export const UPSTREAM_BRIDGE = 'upstream';

export function worldWiring(): readonly Wiring[] {
  return [
    { kind: 'up', link: 'lo' },
    { kind: 'address', link: 'lo', address: OUTSIDE_ADDRESS, prefix: 32 },
    { kind: 'bridge', name: SEGMENT_BRIDGE },
    { kind: 'address', link: SEGMENT_BRIDGE, address: SEGMENT.world, prefix: SEGMENT.prefix },
    { kind: 'bridge', name: UPSTREAM_BRIDGE },
    { kind: 'address', link: UPSTREAM_BRIDGE, address: UPSTREAM.world, prefix: UPSTREAM.prefix },
  ];
}

/** In the world: the wires to a node. */
export function portsWiring(lab: string, node: string): readonly Wiring[] {
  const netns = namespacePath(namespaceOf(lab, node));
  const ports = worldPorts(node);
  return [
    { kind: 'wire', name: ports.segment, master: SEGMENT_BRIDGE, peer: { name: 'eno1', netns } },
    { kind: 'wire', name: ports.upstream, master: UPSTREAM_BRIDGE, peer: { name: 'eno2', netns } },
  ];
}

/** In the node: `eno1` carries its address and default route; `eno2` is up and empty. */
export function nodeWiring(node: string): readonly Wiring[] {
  return [
    { kind: 'up', link: 'lo' },
    { kind: 'address', link: 'eno1', address: nodeAddress(node), prefix: SEGMENT.prefix },
    { kind: 'up', link: 'eno1' },
    { kind: 'default-route', via: SEGMENT.world },
    { kind: 'up', link: 'eno2' },
  ];
}

export const CONTROLLER_PORT_NAME = 'ctl';

export function controllerPortWiring(lab: string): readonly Wiring[] {
  const netns = namespacePath(namespaceOf(lab, 'ctl'));
  return [{ kind: 'wire', name: CONTROLLER_PORT_NAME, master: SEGMENT_BRIDGE, peer: { name: 'eth0', netns } }];
}

export function controllerWiring(): readonly Wiring[] {
  return [
    { kind: 'up', link: 'lo' },
    { kind: 'address', link: 'eth0', address: SEGMENT.controller, prefix: SEGMENT.prefix },
    { kind: 'up', link: 'eth0' },
    { kind: 'default-route', via: SEGMENT.world },
  ];
}
