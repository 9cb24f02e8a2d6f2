import { invalidArgument } from '@kcore/contract';

/**
 * Every name of a lab carries the lab's name, so that two labs never meet, and that what belongs to one is known without
 * its state file.
 */

/** Hyphens are left out: `kcl-a-b-world` would otherwise belong to lab `a` as well as to lab `a-b`. */
const LAB_NAME = /^[A-Za-z0-9_]{1,24}$/;
const NODE_NAME = /^node-([1-9][0-9]{0,2})$/;
/** node-N has the address .100+N of a /24. */
export const NODE_NUMBER_MAX = 150;

/** Names the controller's certificate carries besides its address. */
export const CONTROLLER_DNS_NAME = 'kcore-controller';

/** The lab's two segments and who is on them. The second has no address on nodes, so that `eno2` can be a bridge port. */
export const SEGMENT = { prefix: 24, world: '192.168.40.1', controller: '192.168.40.10', node: '192.168.40.' } as const;
export const UPSTREAM = {
  prefix: 24,
  world: '192.168.50.1',
  dhcpStart: '192.168.50.100',
  dhcpEnd: '192.168.50.199',
} as const;
/** A host of the outside (TEST-NET-3, RFC 5737), reached through NAT. */
export const OUTSIDE_ADDRESS = '203.0.113.10';
export const CONTROLLER_PORT = 7443;

/** @throws {KcoreError} InvalidArgument. */
export function checkLabName(name: string): string {
  if (LAB_NAME.test(name)) return name;
  throw invalidArgument(`lab name '${name}' must be 1 to 24 letters, digits or '_'`, {
    field: 'name',
    remedy: 'choose a name without hyphens, for example --name lab2',
  });
}

/** @throws {KcoreError} InvalidArgument. */
export function nodeNumber(node: string): number {
  const number = Number(NODE_NAME.exec(node)?.[1] ?? Number.NaN);
  if (number <= NODE_NUMBER_MAX) return number;
  throw invalidArgument(`a lab's node is named node-1 to node-${NODE_NUMBER_MAX}, not '${node}'`, {
    field: 'node',
    remedy: 'the number decides its address: node-4 has 192.168.40.104',
  });
}

export function nodeAddress(node: string): string {
  return `${SEGMENT.node}${100 + nodeNumber(node)}`;
}

export function namespaceOf(lab: string, member: string): string {
  return `kcl-${lab}-${member}`;
}

export function guestNamespace(lab: string, vm: string): string {
  return namespaceOf(lab, `vm-${vm}`);
}

/** Whether a namespace's name says that it is of this lab. */
export function isOfLab(lab: string, namespace: string): boolean {
  return namespace.startsWith(`kcl-${lab}-`);
}

export function namespacePath(namespace: string): string {
  return `/run/netns/${namespace}`;
}

/** Names of the world's ends of a node's two wires; 15 bytes are the kernel's limit. */
export function worldPorts(node: string): { readonly segment: string; readonly upstream: string } {
  const number = nodeNumber(node);
  return { segment: `n${number}-eno1`, upstream: `n${number}-eno2` };
}
