import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Peer } from '@kcore/contract';
import { connectWebSocket } from '@kcore/contract/ws';
import { createAuthority, type TestAuthority, type TestCertificate } from '../../contract/test/certificates.ts';

/** The built program in a process of its own, with its files in a directory that goes with it. */

const program = fileURLToPath(new URL('../bin/kcore-controller.js', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly stdout: string;
}

export class ControllerProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stderr = '';
  stdout = '';

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (data) => {
      this.stdout += data;
    });
    this.child.stderr?.on('data', (data) => {
      this.stderr += data;
    });
    this.ended = new Promise((resolve) => {
      this.child.once('close', (status, signal) => {
        resolve({ status, signal, stderr: this.stderr, stdout: this.stdout });
      });
    });
  }

  /** The log's lines, parsed. */
  get events(): Record<string, unknown>[] {
    const lines = this.stderr.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
    return lines.map((line) => JSON.parse(line));
  }

  /** Resolves with the port when it listens. */
  async listening(): Promise<number> {
    const ended = this.ended.then(({ stderr }) => {
      throw new Error(`the controller ended: ${stderr}`);
    });
    ended.catch(() => {});
    while (true) {
      const event = this.events.find(({ msg }) => msg === 'listening');
      const [first] = (event?.['listen'] ?? []) as { port: number }[];
      if (first !== undefined) return first.port;
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), ended]);
    }
  }
}

export interface TestFiles {
  readonly directory: string;
  readonly authority: TestAuthority;
  readonly admin: TestCertificate;
  readonly config: string;
  writeConfig(changes: Record<string, unknown>): Promise<void>;
  remove(): Promise<void>;
}

export async function testFiles(): Promise<TestFiles> {
  const directory = await mkdtemp(join(tmpdir(), 'kcore-controller-'));
  const authority = await createAuthority();
  const { ca, cert, key } = await authority.issue('kcore://lab/controller');
  const config = join(directory, 'controller.json');
  await Promise.all(
    Object.entries({ 'ca.crt': ca, 'controller.crt': cert, 'controller.key': key }).map(([name, text]) =>
      writeFile(join(directory, name), text),
    ),
  );
  const writeConfig = (changes: Record<string, unknown>) =>
    writeFile(
      config,
      JSON.stringify({
        dataDir: 'data',
        listen: [{ host: '127.0.0.1', port: 0 }, { path: 'controller.sock' }],
        tls: { ca: 'ca.crt', cert: 'controller.crt', key: 'controller.key' },
        ...changes,
      }),
    );
  await writeConfig({});
  const admin = await authority.issue('kcore://lab/admin/root');
  const remove = () => rm(directory, { recursive: true, force: true });
  return { directory, authority, admin, config, writeConfig, remove };
}

export async function connectPeer(port: number, tls: TestCertificate): Promise<Peer> {
  const { channel } = await connectWebSocket({ url: `wss://127.0.0.1:${port}`, tls });
  return new Peer(channel);
}
