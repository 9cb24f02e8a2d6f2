import { SystemError } from '../error.ts';
import { errnoName } from '../uapi/errno.ts';
import { loadAddon } from './addon.ts';

/** A namespace by its path; or one of the socket's own, which is gone with its links when the socket is closed. */
export type Netns = string | { readonly private: true };

interface Task {
  readonly kind:
    | 'openNetlink'
    | 'openPacket'
    | 'openUdp'
    | 'openTap'
    | 'persistTap'
    | 'makeNetns'
    | 'shareMount'
    | 'unmount'
    | 'sysctl';
  /** For errors: `open udp socket on kbr-nat`. */
  readonly operation: string;
  readonly netns?: Netns | undefined;
  readonly name?: string;
  readonly numbers?: readonly number[];
  readonly groups?: readonly number[];
}

export interface TaskResult {
  /** A descriptor that the caller now owns, or 0. */
  readonly descriptor: number;
  readonly second: number;
  readonly ifindex: number;
  readonly address: readonly number[];
}

const REMEDIES: Readonly<Record<string, string>> = {
  EPERM: 'it needs CAP_NET_ADMIN and CAP_NET_RAW; run as root',
  ENODEV: 'there is no such device in that namespace',
};

/** Runs one short piece of kernel work on a thread of its own. @throws {SystemError} */
export async function runTask(task: Task): Promise<TaskResult> {
  const netns = typeof task.netns === 'object' ? 'private' : (task.netns ?? '');
  if (typeof task.netns === 'string' && !task.netns.startsWith('/')) {
    throw new RangeError(`${task.operation}: the namespace ${JSON.stringify(task.netns)} is not an absolute path`);
  }
  const result = await loadAddon().task(
    task.kind,
    netns,
    task.name ?? '',
    Int32Array.from(task.numbers ?? []),
    Int32Array.from(task.groups ?? []),
  );
  const [status = 0, second = 0, ifindex = 0, ...address] = result;
  if (status < 0) throw systemError(task.operation, -status);
  return { descriptor: status, second, ifindex, address };
}

export function systemError(operation: string, errno: number): SystemError {
  const code = errnoName(errno);
  return new SystemError(operation, errno, code, REMEDIES[code]);
}
