import { readFile, stat } from 'node:fs/promises';
import type { Account } from './qemu-process.ts';

/**
 * The user that QEMU runs as, with the group that may open /dev/kvm where there is one.
 * @throws {Error} when /etc/passwd has no such user.
 */
export async function accountOf(user: string): Promise<Account> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n');
  const [, , uid, gid] = lines.find((line) => line.startsWith(`${user}:`))?.split(':') ?? [];
  if (uid === undefined || gid === undefined) {
    throw new Error(`there is no user '${user}' on this host; create it, or correct runtime.user`);
  }
  const kvm = await stat('/dev/kvm').catch(() => undefined);
  return { uid: Number(uid), gid: kvm?.gid ?? Number(gid) };
}
