import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseIpv4 } from '@kcore/contract';
import { FRAME_HEADROOM, sealFrame } from '../../src/dhcp/codec/frame.ts';
import { formatMac, parseMac } from '../../src/dhcp/codec/mac.ts';
import type { DhcpPacket } from '../../src/dhcp/codec/packet.ts';
import { parsePacket } from '../../src/dhcp/codec/parse.ts';
import { createDhcpServer, type DhcpServer } from '../../src/dhcp/server/server.ts';
import { type ClientMessage, clientMessage } from '../../src/dhcp/testing/client.ts';
import { kernelPacketSockets } from '../../src/kernel/packet-sockets.ts';
import { systemClock } from '../../src/loop/system-clock.ts';
import type { DhcpNetwork } from '../../src/model/dhcp-network.ts';
import type { PacketSocket } from '../../src/model/packet-socket.ts';

/** What busybox's udhcpc tells its script, one line an event: `bound {"ip":"10.78.0.100",…}`. */
export interface ClientEvent {
  readonly event: string;
  readonly values: Readonly<Record<string, string>>;
}

/** Tells each event, and configures the address as a system's own script would. */
const SCRIPT = `#!/bin/sh
case "$1" in
  bound|renew) ip address replace "$ip/$mask" dev "$interface" ;;
  deconfig) ip link set dev "$interface" up; ip -4 address flush dev "$interface" ;;
esac
echo "event $1 ip=$ip mask=$subnet router=$router dns=$dns domain=$domain lease=$lease serverid=$serverid mtu=$mtu hostname=$hostname"
`;

/** A bridge with a DHCP server in one namespace, and clients in others. The namespaces are gone with it. */
export class DhcpLab implements AsyncDisposable {
  readonly directory: string;
  readonly events: string[] = [];
  readonly #prefix: string;
  readonly #namespaces = new Set<string>();
  readonly #children = new Set<ChildProcess>();
  readonly #open: AsyncDisposable[] = [];
  #server: DhcpServer | undefined;

  constructor(label: string) {
    this.#prefix = `kct-${process.pid}-${label}`;
    this.directory = mkdtempSync(join(tmpdir(), 'kcore-dhcp-'));
    writeFileSync(join(this.directory, 'script'), SCRIPT);
    chmodSync(join(this.directory, 'script'), 0o755);
    this.#add('srv');
  }

  get serverNamespace(): string {
    return `${this.#prefix}-srv`;
  }

  get server(): DhcpServer {
    if (this.#server === undefined) throw new Error('the server is not started');
    return this.#server;
  }

  /** Runs a script in a namespace, at once: nothing is served meanwhile. */
  sh(namespace: string, script: string): string {
    return execFileSync('ip', ['netns', 'exec', namespace, 'sh', '-ec', script], { encoding: 'utf8', stdio: 'pipe' });
  }

  bridge(name: string, address: string): void {
    this.sh(
      this.serverNamespace,
      `ip link add ${name} type bridge; ip address add ${address} dev ${name}; ip link set dev ${name} up`,
    );
  }

  /** A namespace whose eth0 is a port of the bridge. */
  client(name: string, bridge: string, mac: string): string {
    const namespace = this.#add(name);
    this.sh(
      this.serverNamespace,
      `ip link add p-${name} type veth peer name eth0 address ${mac} netns ${namespace}
       ip link set dev p-${name} master ${bridge} up`,
    );
    this.sh(namespace, 'ip link set dev eth0 up');
    return namespace;
  }

  async start(networks: readonly DhcpNetwork[], directory = join(this.directory, 'state')): Promise<DhcpServer> {
    this.#server = await createDhcpServer({
      sockets: kernelPacketSockets({ netns: `/run/netns/${this.serverNamespace}` }),
      directory,
      clock: systemClock,
      onEvent: (type, object) => this.events.push(`${type} ${object}`),
    });
    await this.#server.setNetworks(networks);
    return this.#server;
  }

  async stop(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = undefined;
  }

  /** Starts a program in a namespace; its output's lines. */
  spawn(namespace: string, program: string, ...args: string[]): { child: ChildProcess; lines: AsyncIterable<string> } {
    const child = spawn('ip', ['netns', 'exec', namespace, program, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return { child, lines: createInterface({ input: child.stdout }) };
  }

  /** Runs udhcpc until it has a lease or gives up. */
  async lease(namespace: string, ...args: string[]): Promise<ClientEvent | undefined> {
    const { lines } = this.#udhcpc(namespace, '-q', '-n', '-t', '5', '-T', '1', ...args);
    let bound: ClientEvent | undefined;
    for await (const line of lines) {
      const event = clientEvent(line);
      if (event?.event === 'bound') bound = event;
    }
    return bound;
  }

  /** Runs udhcpc until it is ended, as a system does. */
  follow(namespace: string, ...args: string[]): { child: ChildProcess; events: AsyncGenerator<ClientEvent> } {
    const { child, lines } = this.#udhcpc(namespace, '-t', '5', '-T', '1', ...args);
    return { child, events: clientEvents(lines) };
  }

  /** tcpdump's lines while `during` runs and a little longer. Two lines a packet with -vv. */
  async witness(namespace: string, link: string, during: () => Promise<unknown>, filter = 'udp'): Promise<string> {
    const child = spawn('ip', ['netns', 'exec', namespace, 'tcpdump', '-i', link, '-l', '-n', '-e', '-vv', filter], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    await once(child.stderr, 'data');
    await during();
    await systemClock.sleep(200);
    child.kill('SIGINT');
    await once(child, 'exit');
    this.#children.delete(child);
    return text;
  }

  /** Raw frames on a client's eth0. */
  async raw(namespace: string): Promise<RawClient> {
    const sockets = kernelPacketSockets({ netns: `/run/netns/${namespace}` });
    const client = new RawClient(await sockets.openPacket({ link: 'eth0', etherType: 0x0800 }));
    this.#open.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await Promise.all(this.#open.map((one) => one[Symbol.asyncDispose]()));
    await this.stop();
    for (const namespace of this.#namespaces) execFileSync('ip', ['netns', 'delete', namespace]);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #add(name: string): string {
    const namespace = `${this.#prefix}-${name}`;
    execFileSync('ip', ['netns', 'add', namespace]);
    this.#namespaces.add(namespace);
    this.sh(namespace, 'ip link set dev lo up');
    return namespace;
  }

  #udhcpc(namespace: string, ...args: string[]): { child: ChildProcess; lines: AsyncIterable<string> } {
    return this.spawn(namespace, 'udhcpc', '-i', 'eth0', '-f', '-s', join(this.directory, 'script'), ...args);
  }
}

function clientEvent(line: string): ClientEvent | undefined {
  const found = /^event (\S+) (.*)$/.exec(line);
  if (found === null) return undefined;
  const pairs = (found[2] ?? '').matchAll(/(\w+)=(.*?)(?= \w+=|$)/g);
  return {
    event: found[1] ?? '',
    values: Object.fromEntries([...pairs].map(([, key = '', value = '']) => [key, value])),
  };
}

async function* clientEvents(lines: AsyncIterable<string>): AsyncGenerator<ClientEvent> {
  for await (const line of lines) {
    const event = clientEvent(line);
    if (event !== undefined) yield event;
  }
}

/** A reply as it came over the wire. */
export interface RawReply {
  readonly packet: DhcpPacket;
  readonly destinationMac: string;
}

interface RawMessage {
  readonly mac: string;
  readonly bytes: Uint8Array;
  /** The address the client has; absent: none. */
  readonly source?: string;
}

/** Many clients on one link, each with a MAC of its own. */
export class RawClient implements AsyncDisposable {
  readonly #socket: PacketSocket;
  readonly #ended = new AbortController();
  readonly #waiting = new Map<string, (reply: RawReply) => void>();
  readonly replies: RawReply[] = [];

  constructor(socket: PacketSocket) {
    this.#socket = socket;
    void this.#receive();
  }

  async send(...messages: ClientMessage[]): Promise<void> {
    await this.sendBytes(
      ...messages.map((message) => ({
        mac: message.mac,
        bytes: clientMessage(message),
        ...(message.ciaddr === undefined ? {} : { source: message.ciaddr }),
      })),
    );
  }

  async sendBytes(...messages: RawMessage[]): Promise<void> {
    const frames = messages.map(({ mac, bytes, source }) => {
      const frame = new Uint8Array(FRAME_HEADROOM + bytes.length);
      frame.set(bytes, FRAME_HEADROOM);
      return sealFrame(frame, {
        sourceMac: parseMac(mac),
        destinationMac: new Uint8Array(6).fill(0xff),
        source: source === undefined ? 0 : parseIpv4(source),
        destination: parseIpv4('255.255.255.255'),
        sourcePort: 68,
        destinationPort: 67,
      });
    });
    await this.#socket.send(frames);
  }

  /** Sends until it is answered, as a client does; undefined after so many attempts. */
  async ask(message: ClientMessage, patience = 1000, attempts = 20): Promise<RawReply | undefined> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const answered = new Promise<RawReply>((resolve) => this.#waiting.set(message.mac, resolve));
      await this.send(message);
      const reply = await Promise.race([answered, systemClock.sleep(patience)]);
      this.#waiting.delete(message.mac);
      if (reply !== undefined) return reply;
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#socket[Symbol.asyncDispose]();
  }

  async #receive(): Promise<void> {
    for await (const frames of this.#socket.receive(this.#ended.signal)) {
      for (const frame of frames) {
        const isDhcp = frame[23] === 17 && frame[36] === 0 && frame[37] === 68;
        const parsed = isDhcp ? parsePacket(frame.slice(FRAME_HEADROOM)) : undefined;
        if (parsed?.kind !== 'packet') continue;
        const reply = { packet: parsed.packet, destinationMac: formatMac(frame, 0) };
        this.replies.push(reply);
        this.#waiting.get(parsed.packet.mac)?.(reply);
      }
    }
  }
}
