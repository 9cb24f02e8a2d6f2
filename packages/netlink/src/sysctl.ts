import type { Netns } from './native/task.ts';
import { runTask } from './native/task.ts';

/** `net.ipv4.ip_forward` by its parts, because a device's name may hold dots: `['ipv4', 'conf', 'eno1.100', 'forwarding']`. */
export type SysctlPath = readonly string[];

function fileOf(parts: SysctlPath): string {
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..' || part.includes('/')) {
      throw new RangeError(`${JSON.stringify(part)} is not part of a sysctl's name`);
    }
  }
  return `/proc/sys/net/${parts.join('/')}`;
}

/** An integer below /proc/sys/net, as the namespace sees it. @throws {SystemError} ENOENT: there is no such one. */
export async function readNetSysctl(parts: SysctlPath, netns?: Netns): Promise<number> {
  const name = fileOf(parts);
  const { second } = await runTask({ kind: 'sysctl', operation: `read ${name}`, name, netns, numbers: [0, 0] });
  return second;
}

/** @throws {SystemError} ENOENT, EPERM, EROFS. */
export async function writeNetSysctl(parts: SysctlPath, value: number, netns?: Netns): Promise<void> {
  const name = fileOf(parts);
  await runTask({ kind: 'sysctl', operation: `write ${value} to ${name}`, name, netns, numbers: [1, value] });
}
