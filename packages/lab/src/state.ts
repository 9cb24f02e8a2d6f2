import { KcoreError } from '@kcore/contract';

/** A process as it can be found again: a pid alone may by then be somebody else's. */
export interface ProcessRef {
  readonly pid: number;
  /** Clock ticks since boot; field 22 of /proc/<pid>/stat. */
  readonly startTime: number;
}

/** `namespace`: guests without an image, up at once. `qemu`: virtual machines. */
export type LabRuntime = 'namespace' | 'qemu';

export interface NodeState {
  readonly name: string;
  readonly vxlanDisabled: boolean;
  /** What its guests are. Absent: network namespaces. */
  readonly runtime?: LabRuntime;
  /** Paths of its certificate and key. */
  readonly identity?: { readonly cert: string; readonly key: string };
  /** Absent while its agent is stopped or was not started yet. */
  readonly agent?: ProcessRef;
  /** Keeps the node's guests. */
  readonly guests?: ProcessRef;
}

/** What a lab remembers of itself. Replaced as a whole, never changed in place. */
export interface LabState {
  readonly version: 1;
  readonly name: string;
  readonly createdAt: string;
  readonly controller?: ProcessRef;
  /** The outside's service and DHCP server. */
  readonly world: readonly ProcessRef[];
  readonly nodes: readonly NodeState[];
}

export function emptyState(name: string, now: string): LabState {
  return { version: 1, name, createdAt: now, world: [], nodes: [] };
}

/** With that node put in or replaced, in the order of their numbers. */
export function withNode(state: LabState, node: NodeState): LabState {
  const others = state.nodes.filter((other) => other.name !== node.name);
  const order = (a: NodeState, b: NodeState): number => a.name.localeCompare(b.name, 'en', { numeric: true });
  return { ...state, nodes: [...others, node].sort(order) };
}

export function withoutNode(state: LabState, name: string): LabState {
  return { ...state, nodes: state.nodes.filter((node) => node.name !== name) };
}

/** @throws {KcoreError} Internal, when the text is not a state this version wrote. */
export function parseState(text: string, path: string): LabState {
  const broken = (cause?: unknown): KcoreError =>
    new KcoreError('Internal', `${path} is not the state of a lab`, { remedy: 'kctl lab down removes it' }, cause);
  let value: Partial<LabState>;
  try {
    value = JSON.parse(text) as Partial<LabState>;
  } catch (error) {
    throw broken(error);
  }
  if (value?.version !== 1 || typeof value.name !== 'string' || !Array.isArray(value.nodes)) throw broken();
  return value as LabState;
}
