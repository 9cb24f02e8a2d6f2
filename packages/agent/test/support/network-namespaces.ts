import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Namespaces of one test file, named after its process, with the programs that run in them. */
export class Namespaces {
  readonly #prefix: string;
  readonly #names = new Set<string>();
  readonly #children: ChildProcess[] = [];

  constructor(label: string) {
    this.#prefix = `kct-${process.pid}-${label}`;
  }

  add(name: string): string {
    const full = `${this.#prefix}-${name}`;
    execFileSync('ip', ['netns', 'add', full]);
    this.#names.add(full);
    this.run(full, 'ip link set dev lo up');
    return full;
  }

  /** A shell script, stopped at the first line that fails. */
  run(namespace: string, script: string): string {
    return execFileSync('ip', ['netns', 'exec', namespace, 'sh', '-ec', script], { encoding: 'utf8', stdio: 'pipe' });
  }

  /** Answers every TCP connection with one line: the address it sees at the other end. */
  async serve(namespace: string, port: number): Promise<void> {
    const program = `require('node:net').createServer((s) => { s.on('error', () => {}); s.end(s.remoteAddress + '\\n'); })
      .listen(${port}, '0.0.0.0', () => console.log('listening'));`;
    const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    await once(child.stdout, 'data');
  }

  /** The line of a service, or `timeout`. */
  ask(namespace: string, host: string, port: number, localAddress?: string): string {
    const options = JSON.stringify({ host, port, localAddress });
    const program = `const s = require('node:net').connect(${options});
      const end = (text) => { process.stdout.write(text); process.exit(0); };
      setTimeout(() => end('timeout'), 1500); s.on('data', (d) => end(String(d).trim())); s.on('error', (e) => end(e.code));`;
    return execFileSync('ip', ['netns', 'exec', namespace, process.execPath, '-e', program], { encoding: 'utf8' });
  }

  pings(namespace: string, address: string, options = ''): boolean {
    try {
      this.run(namespace, `ping -c 1 -W 1 ${options} ${address}`);
      return true;
    } catch {
      return false;
    }
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const name of this.#names) execFileSync('ip', ['netns', 'delete', name]);
  }
}
