import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DhcpCounters } from '../../src/dhcp/index.ts';
import { LEASE_LOG } from '../../src/dhcp/leases/lease-store.ts';
import type { DhcpNetwork } from '../../src/model/dhcp-network.ts';
import { Running } from './process.ts';
import type { Place, Subject } from './subject.ts';

const PROGRAM = join(import.meta.dirname, 'kcore-program.mjs');
const PATIENCE = 60_000;

export interface ServerEvent {
  readonly event: string;
  readonly object: string;
  readonly message: string;
}

export interface Usage {
  /** Bytes. */
  readonly rss: number;
  /** Microseconds. */
  readonly cpu: { readonly user: number; readonly system: number };
}

/** Our own server. It is built code that runs: `npm run build` comes first. */
export class Kcore implements Subject {
  readonly name = 'kcore';
  readonly version: string;
  readonly shortestLease = 1;
  readonly storeDirectory: string;
  readonly storePath: string;
  readonly #place: Place;
  /** Put before the program, for one that watches it. */
  readonly #wrapper: readonly string[];
  #running: Running | undefined;
  #orders = 0;

  constructor(place: Place, wrapper: readonly string[] = [], storeDirectory = join(place.directory, 'state')) {
    this.#place = place;
    this.#wrapper = wrapper;
    this.storeDirectory = storeDirectory;
    this.storePath = join(storeDirectory, LEASE_LOG);
    this.version = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')).version;
  }

  get lines(): readonly string[] {
    return this.#running?.lines ?? [];
  }

  get pid(): number {
    return this.#running?.pid ?? 0;
  }

  get alive(): boolean {
    return this.#running !== undefined && !this.#running.ended;
  }

  get events(): ServerEvent[] {
    return this.lines.filter((line) => line.startsWith('{"event"')).map((line) => JSON.parse(line));
  }

  async start(networks: readonly DhcpNetwork[]): Promise<void> {
    const command = [...this.#wrapper, process.execPath, PROGRAM, this.storeDirectory];
    this.#running = new Running(this.#place.namespace, command);
    if ((await this.#running.line(/"event":"Started"/, PATIENCE)) === undefined) {
      const said = this.lines.join('\n');
      await this.end();
      throw new Error(`kcore did not start (is it built?): ${said}`);
    }
    await this.change(networks);
  }

  change(networks: readonly DhcpNetwork[]): Promise<void> {
    return this.#order('serve', { networks });
  }

  forget(network: string, mac: string): Promise<void> {
    return this.#order('release', { network, mac });
  }

  /** Leases that run, MAC to address. */
  async leases(): Promise<ReadonlyMap<string, string>> {
    const exported: string = await this.#order('leases');
    return new Map(
      exported
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split(' '))
        .map(([, mac = '', address = '']) => [mac, address]),
    );
  }

  counters(): Promise<Record<string, DhcpCounters>> {
    return this.#order('counters');
  }

  usage(): Promise<Usage> {
    return this.#order('usage');
  }

  /** The event's message, when it came or comes within half a minute. */
  async event(type: string): Promise<string | undefined> {
    const found = await this.#running?.line(new RegExp(`^\\{"event":"${type}".*"message":"(.*)"\\}`), 30_000);
    return found?.[1];
  }

  /** Ends by itself, for one that is started through a wrapper. */
  async finish(): Promise<void> {
    this.#running?.child.stdin?.end();
    await this.#running?.line(/^never$/, PATIENCE);
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    return (await this.#running?.end(signal)) ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  async #order<T>(order: string, more: object = {}): Promise<T> {
    const running = this.#running;
    if (running === undefined) throw new Error('kcore was not started');
    this.#orders += 1;
    running.child.stdin?.write(`${JSON.stringify({ id: this.#orders, order, ...more })}\n`);
    const line = await running.line(new RegExp(`^\\{"id":${this.#orders},.*$`), PATIENCE);
    if (line === undefined) throw new Error(`kcore did not answer to '${order}': ${this.lines.slice(-5).join('\n')}`);
    const { result, error } = JSON.parse(line[0]);
    if (error !== undefined) throw new Error(`kcore refused '${order}': ${error}`);
    return result;
  }
}
