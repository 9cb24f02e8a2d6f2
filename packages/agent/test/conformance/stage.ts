import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DhcpNetwork } from '../../src/model/dhcp-network.ts';
import { Guest } from './guest.ts';
import { inNamespace, onHost } from './process.ts';
import type { MakeSubject, Subject } from './subject.ts';
import { Wire } from './wire.ts';

/** A network as most cases want it: no probe, so that an offer comes at once. */
export function network(over: Partial<DhcpNetwork> = {}): DhcpNetwork {
  return {
    network: 'lan',
    link: 'br0',
    serverAddress: '10.78.0.1',
    prefix: 24,
    range: { start: '10.78.0.100', end: '10.78.0.199' },
    leaseSeconds: 43200,
    router: '10.78.0.1',
    dns: ['1.1.1.1', '8.8.8.8'],
    options: [],
    bindings: [],
    reservations: [],
    bindingsOnly: false,
    probe: false,
    ...over,
  };
}

/** A bridge with a DHCP server in one namespace, and clients in others. All of it is gone with the stage. */
export class Stage<S extends Subject = Subject> implements AsyncDisposable {
  readonly directory: string;
  readonly serverNamespace: string;
  readonly subject: S;
  readonly #prefix: string;
  readonly #open: AsyncDisposable[] = [];
  readonly #namespaces: string[] = [];

  private constructor(label: string, make: MakeSubject) {
    this.#prefix = `kct-${process.pid}-${label}`;
    this.directory = mkdtempSync(join(tmpdir(), `${this.#prefix}-`));
    this.serverNamespace = `${this.#prefix}-srv`;
    this.subject = make({ namespace: this.serverNamespace, directory: this.directory }) as S;
  }

  /** `label` tells this stage from the others of this process. */
  static async open<S extends Subject>(
    label: string,
    make: (...place: Parameters<MakeSubject>) => S,
  ): Promise<Stage<S>> {
    const stage = new Stage<S>(label, make);
    await stage.namespace('srv');
    await stage.bridge('br0', '10.78.0.1/24');
    return stage;
  }

  server(script: string): Promise<string> {
    return inNamespace(this.serverNamespace, script);
  }

  async bridge(name: string, address: string): Promise<void> {
    await this.server(
      `ip link add ${name} type bridge
       ip address add ${address} dev ${name}
       ip link set dev ${name} up`,
    );
  }

  async namespace(name: string): Promise<string> {
    const namespace = `${this.#prefix}-${name}`;
    await onHost('ip', 'netns', 'add', namespace);
    this.#namespaces.push(namespace);
    await inNamespace(namespace, 'ip link set dev lo up');
    return namespace;
  }

  /** A namespace whose eth0 is a port of the bridge, which is called p-<name>. */
  async guest(name: string, mac: string, bridge = 'br0'): Promise<Guest> {
    const namespace = await this.namespace(name);
    await this.server(
      `ip link add p-${name} type veth peer name eth0 address ${mac} netns ${namespace}
       ip link set dev p-${name} master ${bridge} up`,
    );
    await inNamespace(namespace, 'ip link set dev eth0 up');
    // The kernel notices a carrier with some delay. Until it has, the bridge forwards nothing to this port, and drops
    // without a word what its own host sends. The last line waits for the lock under which the kernel does so.
    await this.server(
      `until [ "$(cat /sys/class/net/p-${name}/brport/state)" = 3 ]; do sleep 0.02; done
       until [ "$(cat /sys/class/net/${bridge}/operstate)" = up ]; do sleep 0.02; done
       ip link show dev ${bridge} >/dev/null`,
    );
    return this.keep(new Guest({ namespace, mac, directory: join(this.directory, name) }));
  }

  /** Clients made of raw frames, on a port of their own. */
  async wire(name = 'wire', bridge = 'br0', subnet = '10.78.0'): Promise<Wire> {
    const { namespace } = await this.guest(name, '02:ff:ff:ff:ff:ff', bridge);
    return this.listen(namespace, 'eth0', subnet);
  }

  /** What arrives on a link from outside of its namespace. */
  async listen(namespace: string, link: string, subnet = '10.78.0'): Promise<Wire> {
    return this.keep(await Wire.open(namespace, link, subnet));
  }

  /** What a guest sends. */
  sentBy(name: string): Promise<Wire> {
    return this.listen(this.serverNamespace, `p-${name}`);
  }

  async serve(...networks: readonly Partial<DhcpNetwork>[]): Promise<void> {
    await this.subject.start((networks.length === 0 ? [{}] : networks).map(network));
  }

  keep<T extends AsyncDisposable>(one: T): T {
    this.#open.push(one);
    return one;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#open.map((one) => one[Symbol.asyncDispose]()));
    await this.subject[Symbol.asyncDispose]();
    for (const namespace of this.#namespaces) await onHost('ip', 'netns', 'delete', namespace);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
