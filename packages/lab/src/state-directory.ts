import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { alreadyExists, failedPrecondition, KcoreError, notFound } from '@kcore/contract';
import { writeAtomically } from './atomic-file.ts';
import { type LabState, parseState } from './state.ts';

/** sockaddr_un holds 108 bytes with the NUL. Source: include/uapi/linux/un.h. */
const UNIX_PATH_MAX = 107;

/** Where a lab keeps everything it writes. `down` removes the whole of it. */
export interface LabPaths {
  readonly root: string;
  readonly state: string;
  readonly lock: string;
  readonly logs: string;
  readonly pki: string;
  readonly controllerData: string;
  readonly controllerConfig: string;
  readonly controllerSocket: string;
  readonly world: string;
  node(name: string): NodePaths;
  log(name: string): string;
}

export interface NodePaths {
  readonly root: string;
  readonly config: string;
  readonly data: string;
  readonly pki: string;
  /** What the node's guests leave: seeds, pids, logs. */
  readonly guests: string;
  readonly guestSocket: string;
}

/** All labs of this user: `$XDG_STATE_HOME/kcore/labs`, or `/var/lib/kcore/labs`. */
export function labsDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const home = env['XDG_STATE_HOME'];
  return join(home ? home : '/var/lib', 'kcore', 'labs');
}

/** @throws {KcoreError} FailedPrecondition when the directory's path is too long for the unix sockets in it. */
export function labPaths(name: string, env: NodeJS.ProcessEnv = process.env): LabPaths {
  const root = join(labsDirectory(env), name);
  const node = (nodeName: string): NodePaths => {
    const own = join(root, 'nodes', nodeName);
    return {
      root: own,
      config: join(own, 'agent.json'),
      data: join(own, 'data'),
      pki: join(own, 'pki'),
      guests: join(own, 'guests'),
      guestSocket: join(own, 'guests.sock'),
    };
  };
  if (Buffer.byteLength(node('node-999').guestSocket) > UNIX_PATH_MAX) {
    throw failedPrecondition(`the state directory ${root} is too long a path for unix sockets`, {
      remedy: 'set XDG_STATE_HOME to a shorter path',
    });
  }
  return {
    root,
    state: join(root, 'state.json'),
    lock: join(root, 'lock'),
    logs: join(root, 'logs'),
    pki: join(root, 'pki'),
    controllerData: join(root, 'controller'),
    controllerConfig: join(root, 'controller.json'),
    controllerSocket: join(root, 'controller.sock'),
    world: join(root, 'world'),
    node,
    log: (log) => join(root, 'logs', `${log}.log`),
  };
}

/** Makes the directory, which is what reserves the lab's name. @throws {KcoreError} AlreadyExists. */
export async function reserve(paths: LabPaths, name: string): Promise<void> {
  await mkdir(join(paths.root, '..'), { recursive: true, mode: 0o700 });
  try {
    await mkdir(paths.root, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw alreadyExists(`lab '${name}' exists`, {
      remedy: `take it down with 'kctl lab down --name ${name}', or choose another --name`,
    });
  }
  for (const directory of [paths.logs, paths.pki, paths.controllerData, paths.world]) {
    await mkdir(directory, { mode: 0o700 });
  }
}

export function saveState(paths: LabPaths, state: LabState): Promise<void> {
  return writeAtomically(paths.state, `${JSON.stringify(state, null, 2)}\n`);
}

/** @throws {KcoreError} NotFound, with the names of the labs there are. */
export async function loadState(paths: LabPaths, name: string): Promise<LabState> {
  const state = await loadStateIfAny(paths);
  if (state !== undefined) return state;
  const others = await labNames();
  throw notFound(`lab '${name}' not found`, {
    remedy: others.length === 0 ? `bring it up with 'kctl lab up --name ${name}'` : `labs here: ${others.join(', ')}`,
  });
}

/** Undefined also when `up` was ended before it wrote its first state. */
export async function loadStateIfAny(paths: LabPaths): Promise<LabState | undefined> {
  try {
    return parseState(await readFile(paths.state, 'utf8'), paths.state);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export async function labNames(): Promise<readonly string[]> {
  try {
    return (await readdir(labsDirectory())).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export async function removeDirectory(paths: LabPaths): Promise<void> {
  await rm(paths.root, { recursive: true, force: true });
}

/** A lab changes namespaces and makes processes in them: nothing of it works without root. */
export function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new KcoreError('PermissionDenied', 'a lab makes network namespaces, which needs root', {
    remedy: 'run the same command with sudo',
  });
}
