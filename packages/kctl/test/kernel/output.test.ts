import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Peer } from '@kcore/contract';
import { acceptWebSockets } from '@kcore/contract/ws';
import { expect, it } from 'vitest';
import { createAuthority } from '../../../contract/test/certificates.ts';

/** The built program, and a reader that takes its time: a pipe holds a fifth of a megabyte, and this is ten times as much. */

const program = join(import.meta.dirname, '../../bin/kctl.js');
const COUNT = 5_000;

it('a slow reader gets all of the output', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kctl-output-'));
  const authority = await createAuthority();
  const admin = await authority.issue('kcore://lab/admin/root');
  const socket = join(directory, 'socket');
  const acceptor = await acceptWebSockets({
    tls: await authority.issue('kcore://lab/controller'),
    listen: [{ path: socket }],
    onConnection: (channel) =>
      new Peer(channel).serve({
        'sshKey.list': () => ({
          sshKeys: Array.from({ length: COUNT }, (_, number) => ({
            name: `key-${number}`,
            publicKey: `ssh-ed25519 ${'A'.repeat(400)}`,
            createdAt: '2026-01-01T00:00:00.000Z',
          })),
        }),
      }),
  });
  try {
    const entry = { name: 'test', controller: `unix:${socket}`, ca: admin.ca, cert: admin.cert, key: admin.key };
    const config = JSON.stringify({ currentContext: 'test', contexts: [entry] });
    await writeFile(join(directory, 'config'), config, { mode: 0o600 });
    const child = spawn(process.execPath, [program, 'get', 'ssh-keys', '-o', 'json'], {
      env: { ...process.env, KCORE_CONFIG: join(directory, 'config') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    for await (const bytes of child.stdout) {
      text += String(bytes);
      await delay(20);
    }
    expect(JSON.parse(text).items).toHaveLength(COUNT);
  } finally {
    await acceptor.close();
    await rm(directory, { recursive: true });
  }
});
