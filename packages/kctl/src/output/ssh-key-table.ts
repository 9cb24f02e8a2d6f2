import { createHash } from 'node:crypto';
import type { SshKey } from '@kcore/contract';
import { age } from '../text/duration.ts';
import { type Column, NONE } from '../text/table.ts';

/** As `ssh-keygen -l` shows it: SHA-256 of the key's data, in base64 without padding. */
export function fingerprintOf(publicKey: string): string {
  const data = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(data).digest('base64').replace(/=+$/, '')}`;
}

export const sshKeyColumns: readonly Column<SshKey>[] = [
  { heading: 'NAME', cell: ({ name }) => name },
  { heading: 'TYPE', cell: ({ publicKey }) => publicKey.split(' ')[0] ?? NONE },
  { heading: 'FINGERPRINT', cell: ({ publicKey }) => fingerprintOf(publicKey) },
  { heading: 'COMMENT', cell: ({ publicKey }) => publicKey.split(' ').slice(2).join(' ') || NONE },
];

export function wideSshKeyColumns(now: Date): readonly Column<SshKey>[] {
  return [
    ...sshKeyColumns,
    { heading: 'AGE', cell: ({ createdAt }) => age(createdAt, now) },
    { heading: 'PUBLIC-KEY', cell: ({ publicKey }) => publicKey },
  ];
}
