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

/** A link in memory: what a server sends on it is kept, and what a test says arrives is received by all its sockets. */
export class MemoryLink {
  readonly mac: string;
  readonly datagrams: Datagram[] = [];
  readonly frames: Uint8Array[] = [];
  /** Frames that found no room in the receive buffer of a packet socket. */
  lost = 0;
  /** How many frames the link takes at once. */
  takes = Number.POSITIVE_INFINITY;
  readonly #udp = new Set<Inbox<Datagram>>();
  readonly #packet = new Set<Inbox<Uint8Array>>();

  constructor(mac: string) {
    this.mac = mac;
  }

  receiveDatagram(data: Uint8Array, address = '0.0.0.0', port = 68): void {
    for (const inbox of this.#udp) inbox.push({ data, address, port });
  }

  receiveFrame(frame: Uint8Array): void {
    for (const inbox of this.#packet) inbox.push(frame);
  }

  delete(): void {
    for (const inbox of [...this.#udp, ...this.#packet]) inbox.close();
  }

  udp(): UdpDeviceSocket {
    return { ...socket(this.#udp), dropped: () => 0, send: async (batch) => keep(this.datagrams, batch) };
  }

  packet(): PacketSocket {
    return {
      ...socket(this.#packet),
      mac: this.mac,
      dropped: () => this.lost,
      send: async (frames) => keep(this.frames, frames.slice(0, this.takes)),
    };
  }
}

function keep<T>(all: T[], batch: readonly T[]): number {
  all.push(...batch);
  return batch.length;
}

interface Receiving<T> extends AsyncDisposable {
  receive(signal: AbortSignal): AsyncIterable<readonly T[]>;
}

function socket<T>(open: Set<Inbox<T>>): Receiving<T> {
  const inbox = new Inbox<T>();
  open.add(inbox);
  return {
    receive: (signal) => inbox.batches(signal),
    [Symbol.asyncDispose]: async () => {
      inbox.close();
      open.delete(inbox);
    },
  };
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
