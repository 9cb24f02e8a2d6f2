import type { Datagram, PacketSocket, PacketSockets, UdpDeviceSocket } from '../../model/packet-socket.ts';

/** What arrives, until it is closed. */
class Inbox<T> {
  #items: T[] = [];
  #closed = false;
  #wake: () => void = () => {};

  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  async *batches(signal: AbortSignal): AsyncGenerator<readonly T[]> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    for (;;) {
      if (this.#closed || signal.aborted) return;
      if (this.#items.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      const batch = this.#items;
      this.#items = [];
      yield batch;
    }
  }
}

/** A link in memory: what a server sends on it is kept, and what a test says arrives is received. */
export class MemoryLink {
  readonly mac: string;
  readonly datagrams: Datagram[] = [];
  readonly frames: Uint8Array[] = [];
  readonly #udp = new Inbox<Datagram>();
  readonly #packet = new Inbox<Uint8Array>();

  constructor(mac: string) {
    this.mac = mac;
  }

  receiveDatagram(data: Uint8Array, address = '0.0.0.0', port = 68): void {
    this.#udp.push({ data, address, port });
  }

  receiveFrame(frame: Uint8Array): void {
    this.#packet.push(frame);
  }

  delete(): void {
    this.#udp.close();
    this.#packet.close();
  }

  udp(): UdpDeviceSocket {
    return {
      receive: (signal) => this.#udp.batches(signal),
      send: async (batch) => this.datagrams.push(...batch) && batch.length,
      [Symbol.asyncDispose]: async () => this.#udp.close(),
    };
  }

  packet(): PacketSocket {
    return {
      mac: this.mac,
      receive: (signal) => this.#packet.batches(signal),
      send: async (frames) => this.frames.push(...frames) && frames.length,
      [Symbol.asyncDispose]: async () => this.#packet.close(),
    };
  }
}

/** Links by name; opening a socket on one that is not there is refused as the kernel does. */
export class MemorySockets implements PacketSockets {
  readonly #links = new Map<string, MemoryLink>();

  addLink(name: string, mac = '02:6c:00:00:00:01'): MemoryLink {
    const link = new MemoryLink(mac);
    this.#links.set(name, link);
    return link;
  }

  deleteLink(name: string): void {
    this.#links.get(name)?.delete();
    this.#links.delete(name);
  }

  async openUdp({ link }: { readonly link: string }): Promise<UdpDeviceSocket> {
    return this.#link(link).udp();
  }

  async openPacket({ link }: { readonly link: string }): Promise<PacketSocket> {
    return this.#link(link).packet();
  }

  #link(name: string): MemoryLink {
    const link = this.#links.get(name);
    if (link === undefined) throw Object.assign(new Error(`ENODEV: no such device ${name}`), { code: 'ENODEV' });
    return link;
  }
}
