import { integer } from './codec/integer.ts';
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

/**
 * An integer below /proc/sys/net, as the namespace sees it.
 * @throws {SystemError} ENOENT: there is no such one. @throws {RangeError} It is no integer that a number holds exactly.
 */
export async function readNetSysctl(parts: SysctlPath, netns?: Netns): Promise<number> {
  const name = fileOf(parts);
  const read = await runTask({ kind: 'sysctl', operation: `read ${name}`, name, netns, numbers: [0] });
  const text = read.text.trim();
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) {
    throw new RangeError(
      `read ${name}: ${JSON.stringify(text)} is not one integer up to 2^53-1; read the file as text`,
    );
  }
  return value;
}

/** @throws {SystemError} ENOENT, EPERM, EROFS; EINVAL: out of the setting's range. @throws {ValueError} No integer. */
export async function writeNetSysctl(parts: SysctlPath, value: number, netns?: Netns): Promise<void> {
  const name = fileOf(parts);
  const text = String(integer('value', value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER));
  await runTask({ kind: 'sysctl', operation: `write ${text} to ${name}`, name, netns, numbers: [1], text });
}
