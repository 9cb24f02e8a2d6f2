import type { Datagram, PacketSocket, UdpDeviceSocket } from '../../model/packet-socket.ts';
import type { LeaseChange } from '../leases/lease.ts';
import type { LeaseTransaction } from '../leases/lease-store.ts';
import type { DhcpReply } from '../respond/decision.ts';
import type { Counters } from './counters.ts';
import type { Outgoing } from './transmit.ts';

export interface LinkSockets {
  readonly udp: UdpDeviceSocket;
  /** Sends replies and ARP probes, and hears ARP. */
  readonly packet: PacketSocket;
  /** Hears what other DHCP servers send to clients. */
  readonly watch: PacketSocket;
}

/** Replies that are sent together. */
class Mail {
  readonly #types: DhcpReply['type'][] = [];
  readonly #frames: Uint8Array[] = [];
  readonly #datagrams: Datagram[] = [];

  get size(): number {
    return this.#types.length;
  }

  add(type: DhcpReply['type'], bytes: Outgoing): void {
    this.#types.push(type);
    if (bytes.kind === 'frame') this.#frames.push(bytes.frame);
    else this.#datagrams.push(bytes.datagram);
  }

  async send(sockets: LinkSockets, counters: Counters): Promise<void> {
    for (const type of this.#types) counters.message(type);
    // A client asks again when its answer is lost, so a reply the kernel did not take is counted, not repeated.
    const taken = await Promise.all([
      this.#frames.length === 0 ? 0 : sockets.packet.send(this.#frames).catch(() => 0),
      this.#datagrams.length === 0 ? 0 : sockets.udp.send(this.#datagrams).catch(() => 0),
    ]);
    const lost = this.size - taken[0] - taken[1];
    if (lost > 0) counters.unsent(lost);
  }
}

/** Replies to one batch of requests, each sent when what it says is durable: those that promise nothing at once. */
export class Outbox {
  readonly #transaction: LeaseTransaction;
  readonly #counters: Counters;
  readonly #ready = new Mail();
  readonly #afterCommit = new Mail();

  constructor(transaction: LeaseTransaction, counters: Counters) {
    this.#transaction = transaction;
    this.#counters = counters;
  }

  commit(changes: readonly LeaseChange[]): void {
    for (const change of changes) this.#transaction.add(change);
  }

  /** `durable`: only after the changes of this outbox. */
  add(type: DhcpReply['type'], bytes: Outgoing, durable: boolean): void {
    (durable ? this.#afterCommit : this.#ready).add(type, bytes);
  }

  /** Never rejects: what goes wrong is counted here, and told by the lease store. */
  async flush(sockets: LinkSockets): Promise<void> {
    // The log is given its records first, so that it works while the other replies are sent.
    const stored =
      this.#transaction.size > 0
        ? this.#transaction.commit().then(
            () => true,
            () => false,
          )
        : undefined;
    const sent = this.#ready.size === 0 ? undefined : this.#ready.send(sockets, this.#counters);
    if (stored !== undefined) {
      if (!(await stored)) this.#counters.drop('not-stored', this.#afterCommit.size);
      else if (this.#afterCommit.size > 0) await this.#afterCommit.send(sockets, this.#counters);
    }
    await sent;
  }
}
