import { formatIpv4 } from '@kcore/contract';
import type { DhcpNetwork } from '../../model/dhcp-network.ts';
import { FRAME_HEADROOM } from '../codec/frame.ts';
import { formatMac } from '../codec/mac.ts';
import { optionOf } from '../codec/options.ts';
import { messageTypeName } from '../codec/packet.ts';
import { parsePacket } from '../codec/parse.ts';
import type { LogDisk } from '../log/log-disk.ts';
import { createDhcpServer, type DhcpServer } from '../server/server.ts';
import { type ClientMessage, clientMessage } from './client.ts';
import { ManualClock, settle } from './manual-clock.ts';
import { MemoryDisk } from './memory-disk.ts';
import { type MemoryLink, MemorySockets } from './memory-sockets.ts';

export const A = '02:00:00:00:00:0a';
export const B = '02:00:00:00:00:0b';
export const C = '02:00:00:00:00:0c';

/** A network with two addresses for whoever asks. */
export function network(over: Partial<DhcpNetwork> = {}): DhcpNetwork {
  return {
    network: 'lan',
    link: 'kbr-lan',
    serverAddress: '10.77.0.1',
    prefix: 24,
    range: { start: '10.77.0.100', end: '10.77.0.101' },
    leaseSeconds: 3600,
    router: '10.77.0.1',
    dns: ['1.1.1.1'],
    options: [],
    bindings: [],
    reservations: [],
    bindingsOnly: false,
    probe: false,
    ...over,
  };
}

/** A host with one server, in memory; each test has its own. */
export class Host implements AsyncDisposable {
  readonly sockets = new MemorySockets();
  readonly clock = new ManualClock();
  readonly memory = new MemoryDisk();
  /** "Type object" of each, and what each says. */
  readonly events: string[] = [];
  readonly messages: string[] = [];
  disk: LogDisk = this.memory;
  server: DhcpServer | undefined;

  async start(...networks: DhcpNetwork[]): Promise<DhcpServer> {
    this.server = await createDhcpServer({
      sockets: this.sockets,
      directory: '/state',
      clock: this.clock,
      onEvent: (type, object, message) => {
        this.events.push(`${type} ${object}`);
        this.messages.push(message);
      },
      disk: this.disk,
    });
    await this.server.setNetworks(networks);
    await settle();
    return this.server;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async stop(): Promise<void> {
    await this.server?.[Symbol.asyncDispose]();
    this.server = undefined;
  }
}

/** What came out of a link since it was asked last: `ack 10.77.0.100 to <mac> at <address>`. */
export function sent(link: MemoryLink): string[] {
  return link.frames.splice(0).map((frame) => {
    if (frame[12] === 8 && frame[13] === 6)
      return `who-has ${formatIpv4(new DataView(frame.buffer, frame.byteOffset).getUint32(38))}`;
    const parsed = parsePacket(frame.subarray(FRAME_HEADROOM));
    if (parsed.kind === 'malformed') return parsed.reason;
    const type = messageTypeName(optionOf(parsed.packet, 'messageType') ?? 0);
    return `${type} ${formatIpv4(parsed.packet.yiaddr)} to ${formatMac(frame, 0)} at ${formatIpv4(new DataView(frame.buffer, frame.byteOffset).getUint32(30))}`;
  });
}

export async function say(link: MemoryLink, message: ClientMessage): Promise<string[]> {
  link.receiveDatagram(clientMessage(message));
  await settle();
  return sent(link);
}

/** The whole conversation of a new client; the address it got. */
export async function lease(link: MemoryLink, mac: string): Promise<string | undefined> {
  const [offer = ''] = await say(link, { type: 'discover', mac });
  const requested = offer.split(' ')[1];
  if (requested === undefined) return undefined;
  const [ack = ''] = await say(link, { type: 'request', mac, requested, server: '10.77.0.1' });
  return ack.startsWith('ack') ? ack.split(' ')[1] : undefined;
}
