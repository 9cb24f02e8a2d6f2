import { mkdir, writeFile } from 'node:fs/promises';
import type { ClusterFiles, LabPki } from './backend.ts';
import { CONTROLLER_PORT, namespaceOf, namespacePath, SEGMENT } from './names.ts';
import { kcoreProgram, labProgram, type Tool } from './programs.ts';
import { nodeCommand, type Spawned, spawnDetached } from './spawn.ts';
import type { NodeState, ProcessRef } from './state.ts';
import type { LabPaths } from './state-directory.ts';

/** What every step of bringing members up needs. */
export interface LabContext {
  readonly name: string;
  readonly paths: LabPaths;
  readonly tools: Readonly<Record<Tool, string>>;
}

/** A controller or an agent holds a cluster's state in memory. */
const PROGRAM_HEAP_MIB = 512;
const HOST_HEAP_MIB = 64;

export async function startMember(
  lab: LabContext,
  member: string,
  log: string,
  command: readonly string[],
): Promise<Spawned> {
  const netns = namespacePath(namespaceOf(lab.name, member));
  return spawnDetached(command, lab.paths.log(log), { netns, nsenter: lab.tools.nsenter });
}

export async function startController(lab: LabContext, files: ClusterFiles): Promise<Spawned> {
  const { paths } = lab;
  const config = {
    dataDir: paths.controllerData,
    listen: [{ host: SEGMENT.controller, port: CONTROLLER_PORT }, { path: paths.controllerSocket }],
    tls: { ca: files.ca, cert: files.controllerCert, key: files.controllerKey },
  };
  await writeConfig(paths.controllerConfig, config);
  const command = nodeCommand(kcoreProgram('kcore-controller'), PROGRAM_HEAP_MIB, '--config', paths.controllerConfig);
  return startMember(lab, 'ctl', 'controller', command);
}

/** Writes all an agent is configured with, its certificate too, and says where that is. */
export async function configureNode(
  lab: LabContext,
  files: ClusterFiles,
  pki: LabPki,
  node: NodeState,
): Promise<NodeState> {
  const own = lab.paths.node(node.name);
  await mkdir(own.data, { recursive: true, mode: 0o700 });
  const identity = await pki.issueNode(files.directory, node.name);
  await writeConfig(own.config, {
    node: node.name,
    cluster: files.name,
    controller: { url: `wss://${SEGMENT.controller}:${CONTROLLER_PORT}` },
    tls: { ca: files.ca, ...identity },
    dataDir: own.data,
    disableVxlan: node.vxlanDisabled,
    runtime: node.runtime === 'qemu' ? { kind: 'qemu' } : { kind: 'namespace', socket: own.guestSocket },
  });
  return { ...node, identity };
}

export async function startGuestHost(lab: LabContext, node: string): Promise<ProcessRef> {
  const own = lab.paths.node(node);
  const command = nodeCommand(
    labProgram('guest/host-main.js'),
    HOST_HEAP_MIB,
    ...['--lab', lab.name, '--directory', own.guests, '--socket', own.guestSocket],
    ...['--nsenter', lab.tools.nsenter, '--udhcpc', lab.tools.udhcpc],
  );
  return (await startMember(lab, node, `${node}-guests`, command)).ref;
}

export function startAgent(lab: LabContext, node: string): Promise<Spawned> {
  const command = nodeCommand(kcoreProgram('kcore-agent'), PROGRAM_HEAP_MIB, '--config', lab.paths.node(node).config);
  return startMember(lab, node, node, command);
}

async function writeConfig(path: string, config: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}
