import type { PacketSocket, UdpDeviceSocket } from '../../model/packet-socket.ts';
import type { LeaseChange } from '../leases/lease.ts';
import type { LeaseTransaction } from '../leases/lease-store.ts';
import type { DhcpReply } from '../respond/decision.ts';
import type { Counters } from './counters.ts';
import type { Outgoing } from './transmit.ts';

export interface LinkSockets {
  readonly udp: UdpDeviceSocket;
  readonly packet: PacketSocket;
}

interface Reply {
  readonly type: DhcpReply['type'];
  readonly bytes: Outgoing;
}

async function send(replies: readonly Reply[], sockets: LinkSockets, counters: Counters): Promise<void> {
  const frames = replies.flatMap(({ bytes }) => (bytes.kind === 'frame' ? [bytes.frame] : []));
  const datagrams = replies.flatMap(({ bytes }) => (bytes.kind === 'datagram' ? [bytes.datagram] : []));
  for (const { type } of replies) counters.message(type);
  // A client asks again when its answer is lost, so a reply the kernel did not take is counted, not repeated.
  const taken = await Promise.all([
    frames.length === 0 ? 0 : sockets.packet.send(frames).catch(() => 0),
    datagrams.length === 0 ? 0 : sockets.udp.send(datagrams).catch(() => 0),
  ]);
  const lost = replies.length - taken[0] - taken[1];
  if (lost > 0) counters.unsent(lost);
}

/** Replies to one batch of requests, each sent when what it says is durable: those that promise nothing at once. */
export class Outbox {
  readonly #transaction: LeaseTransaction;
  readonly #counters: Counters;
  readonly #ready: Reply[] = [];
  readonly #afterCommit: Reply[] = [];

  constructor(transaction: LeaseTransaction, counters: Counters) {
    this.#transaction = transaction;
    this.#counters = counters;
  }

  commit(changes: readonly LeaseChange[]): void {
    for (const change of changes) this.#transaction.add(change);
  }

  /** `durable`: only after the changes of this outbox. */
  add(type: DhcpReply['type'], bytes: Outgoing, durable: boolean): void {
    (durable ? this.#afterCommit : this.#ready).push({ type, bytes });
  }

  /** Never rejects: what goes wrong is counted here, and told by the lease store. */
  async flush(sockets: LinkSockets): Promise<void> {
    const now = this.#ready.length === 0 ? undefined : send(this.#ready, sockets, this.#counters);
    if (this.#transaction.size > 0) {
      const stored = await this.#transaction.commit().then(
        () => true,
        () => false,
      );
      if (!stored) this.#counters.drop('not-stored', this.#afterCommit.length);
      else if (this.#afterCommit.length > 0) await send(this.#afterCommit, sockets, this.#counters);
    }
    await now;
  }
}
