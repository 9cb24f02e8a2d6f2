import { namespaceOf, namespacePath, worldPorts } from '../names.ts';
import { createNamespace } from '../namespaces.ts';
import { applyWiring, deleteLinks } from './apply.ts';
import { controllerPortWiring, controllerWiring, nodeWiring, portsWiring, worldWiring } from './world.ts';

/** Makes the outside: its namespace, the two segments, its addresses. */
export async function buildWorld(lab: string): Promise<void> {
  await createNamespace(namespaceOf(lab, 'world'));
  await applyWiring(world(lab), worldWiring());
}

export async function wireController(lab: string): Promise<void> {
  const netns = namespaceOf(lab, 'ctl');
  await createNamespace(netns);
  await applyWiring(world(lab), controllerPortWiring(lab));
  await applyWiring(namespacePath(netns), controllerWiring());
}

export async function wireNode(lab: string, node: string): Promise<void> {
  const netns = namespaceOf(lab, node);
  await createNamespace(netns);
  await applyWiring(world(lab), portsWiring(lab, node));
  await applyWiring(namespacePath(netns), nodeWiring(node));
}

/** Pulls a node's wires out. The kernel would do so too, when it has got round to destroying the node's namespace. */
export async function unwireNode(lab: string, node: string): Promise<void> {
  const ports = worldPorts(node);
  await deleteLinks(world(lab), [ports.segment, ports.upstream]);
}

function world(lab: string): string {
  return namespacePath(namespaceOf(lab, 'world'));
}
