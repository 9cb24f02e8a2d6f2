import { SystemError } from '../error.ts';
import { errnoName } from '../uapi/errno.ts';
import { loadAddon, type NativeDescriptor } from './addon.ts';
import { type TaskKind, taskGroups, taskNumbers } from './task-numbers.ts';

/**
 * A network namespace: its path (`/run/netns/red`, `/proc/123/ns/net`), an open descriptor of one, which stays the
 * caller's; or one of the socket's own, which is gone with its links when the socket is closed.
 */
export type Netns = string | number | { readonly private: true };

interface Task {
  readonly kind: TaskKind;
  /** For errors: `open udp socket on kbr-nat`. */
  readonly operation: string;
  readonly netns?: Netns | undefined;
  readonly name?: string;
  readonly numbers?: readonly number[];
  readonly groups?: readonly number[];
  readonly text?: string;
  /** What it ends; empty as soon as the task has begun. */
  readonly descriptor?: NativeDescriptor;
}

export interface TaskResult {
  /** What it opened. It is closed when nobody holds this any more and nobody took it. */
  readonly descriptor: NativeDescriptor;
  readonly text: string;
}

const ADMIN = 'it needs CAP_NET_ADMIN in the user namespace that owns the network namespace; run as root';
const MOUNT = 'it needs CAP_SYS_ADMIN; run as root';

/** What to do about an errno whatever was tried. */
const COMMON_REMEDIES: Readonly<Record<string, string>> = {
  EMFILE: 'too many descriptors are open; raise LimitNOFILE',
  ENFILE: 'too many descriptors are open on this machine; raise fs.file-max',
};

/** What to do about an errno, by what was tried. */
const REMEDIES: Readonly<Partial<Record<TaskKind | 'enter', Readonly<Record<string, string>>>>> = {
  enter: {
    EPERM:
      'it needs CAP_SYS_ADMIN in its own user namespace and in the one that owns the network namespace; run as root',
    ENOENT: 'there is no such network namespace',
    EINVAL: 'this is no network namespace, or one that is being made',
    EBADF: 'this is no open descriptor',
  },
  openNetlink: { EPERM: ADMIN },
  openPacket: { EPERM: 'it needs CAP_NET_RAW; run as root', ENODEV: 'there is no such device in that namespace' },
  openUdp: {
    EPERM: 'it needs CAP_NET_RAW; run as root',
    EACCES: 'a port below 1024 needs CAP_NET_BIND_SERVICE; run as root',
    EADDRINUSE: 'another program has the port',
    ENODEV: 'there is no such device in that namespace',
  },
  openTap: {
    EPERM: `${ADMIN}, or be its owner or in its group`,
    ENOENT: 'there is no /dev/net/tun; load the module tun',
    EBUSY: 'another program holds it, and it has one queue only; or a device that is no tap has the name',
    EINVAL:
      'there is one by that name that was made with other flags, or another kind of device; or the owner or group has no id in this user namespace',
    E2BIG: 'it has as many queues as it can have',
  },
  persistTap: { EPERM: ADMIN },
  makeNetns: { EPERM: MOUNT },
  shareMount: { EPERM: MOUNT },
  unmount: { EPERM: MOUNT, EBUSY: 'something is mounted below it' },
  sysctl: {
    EPERM: ADMIN,
    EACCES: ADMIN,
    EROFS: '/proc/sys is mounted read-only, as in containers; mount it writable',
    ENOENT: 'there is no such setting, or no such device',
    EINVAL: 'the setting does not take that value',
  },
};

function pathOf(netns: Netns | undefined, operation: string): string {
  if (netns === undefined) return '';
  if (typeof netns === 'object') return 'private';
  if (typeof netns === 'number') {
    if (!Number.isInteger(netns) || netns < 0) throw new RangeError(`${operation}: ${netns} is not a descriptor`);
    return `/proc/self/fd/${netns}`;
  }
  if (netns.startsWith('/')) return netns;
  throw new RangeError(`${operation}: the namespace ${JSON.stringify(netns)} is not an absolute path`);
}

/** Runs one short piece of kernel work on a thread of its own. @throws {SystemError} @throws {ValueError} */
export async function runTask(task: Task): Promise<TaskResult> {
  const netns = pathOf(task.netns, task.operation);
  const [status, entered, descriptor, text] = await loadAddon().task(
    task.kind,
    netns,
    task.name ?? '',
    taskNumbers(task.kind, task.numbers ?? []),
    taskGroups(task.groups ?? []),
    task.text ?? '',
    task.descriptor,
  );
  if (entered === 0) {
    const which = netns === 'private' ? 'a new network namespace' : `network namespace ${netns}`;
    throw systemError(`${task.operation}: enter ${which}`, -status, 'enter');
  }
  if (status < 0) throw systemError(task.operation, -status, task.kind);
  return { descriptor, text };
}

export function systemError(operation: string, errno: number, kind?: keyof typeof REMEDIES): SystemError {
  const code = errnoName(errno);
  const remedy = kind === undefined ? undefined : REMEDIES[kind]?.[code];
  return new SystemError(operation, errno, code, remedy ?? COMMON_REMEDIES[code]);
}
