import { formatIpv4, type Ipv4Number, isIpv4, parseIpv4 } from '@kcore/contract';
import type { Datagram } from '../../model/packet-socket.ts';
import { optionOf } from '../codec/options.ts';
import { type DhcpPacket, type MessageType, messageTypeName } from '../codec/packet.ts';
import { parsePacket } from '../codec/parse.ts';
import type { Offer } from '../leases/lease.ts';
import type { LeaseStore } from '../leases/lease-store.ts';
import type { LeaseTable } from '../leases/lease-table.ts';
import type { Decision, DhcpEvent, DhcpRequest, DropReason } from '../respond/decision.ts';
import { respond } from '../respond/respond.ts';
import type { ServedNetwork } from '../respond/served-network.ts';
import type { ArpProber } from './arp-prober.ts';
import { Counters } from './counters.ts';
import { type LinkSockets, Outbox } from './outbox.ts';
import { encodeReply } from './transmit.ts';

export interface DeskOptions {
  readonly network: ServedNetwork;
  readonly store: LeaseStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onEvent: (event: DhcpEvent) => void;
  readonly onLeaseChange: () => void;
}

/** What the desk works through while the link is there. */
export interface Attachment {
  readonly sockets: LinkSockets;
  readonly prober: ArpProber;
  readonly mac: Uint8Array;
}

/** Addresses looked for at the same time; requests beyond that are dropped and will be asked again. */
const MAX_PROBES = 4096;
/** An address that somebody uses without a lease is looked at again after this long. */
const USED_MILLISECONDS = 3600 * 1000;

const FROM_CLIENTS: ReadonlySet<MessageType> = new Set(['discover', 'request', 'decline', 'release', 'inform']);
/** Done, though nothing is ever answered to them: not a drop. */
const UNANSWERED: ReadonlySet<DropReason> = new Set(['released', 'declined']);

interface Arrived {
  readonly datagram: Datagram;
  readonly request: DhcpRequest;
}

/** Handles the requests of one network: decides, stores, and sends, in that order. */
export class Desk {
  readonly counters = new Counters();
  readonly #options: DeskOptions;
  readonly #table: LeaseTable;
  /** Requests that wait for the answer whether an address is free; the client's latest one replaces an earlier. */
  readonly #probing = new Map<Ipv4Number, Datagram>();
  #network: ServedNetwork;
  #attachment: Attachment | undefined;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#network = options.network;
    this.#table = options.store.table(options.network.spec.network);
  }

  get network(): ServedNetwork {
    return this.#network;
  }

  serve(network: ServedNetwork): void {
    this.#network = network;
    this.#table.rescan();
  }

  attach(attachment: Attachment): void {
    this.#attachment = attachment;
  }

  detach(): void {
    this.#attachment = undefined;
    this.#probing.clear();
  }

  /** Resolves when all replies are sent that will be. */
  handle(batch: readonly Datagram[]): Promise<void> {
    const requests: Arrived[] = [];
    for (const datagram of batch) {
      const request = this.#read(datagram);
      if (request === undefined) continue;
      this.#count(request.packet);
      requests.push({ datagram, request });
    }
    return this.#answer(requests);
  }

  async #answer(requests: readonly Arrived[]): Promise<void> {
    const attachment = this.#attachment;
    if (attachment === undefined) return;
    const outbox = new Outbox(this.#options.store.begin(), this.counters);
    let changed = false;
    for (const { datagram, request } of requests) {
      const decision = respond(request, this.#network, this.#table, this.#options.now());
      this.#carryOut(decision, datagram, attachment, outbox);
      changed ||= decision.commit.length > 0;
    }
    await outbox.flush(attachment.sockets);
    if (changed) this.#options.onLeaseChange();
  }

  #read(datagram: Datagram): DhcpRequest | undefined {
    const parsed = parsePacket(datagram.data);
    if (parsed.kind === 'malformed') {
      this.counters.drop(parsed.reason);
      return undefined;
    }
    return { packet: parsed.packet, source: isIpv4(datagram.address) ? parseIpv4(datagram.address) : 0 };
  }

  #count(packet: DhcpPacket): void {
    const type = messageTypeName(optionOf(packet, 'messageType') ?? 0);
    if (type !== undefined && FROM_CLIENTS.has(type)) this.counters.message(type);
  }

  #carryOut(decision: Decision, datagram: Datagram, attachment: Attachment, outbox: Outbox): void {
    if (decision.withdraw !== undefined) this.#table.withdrawOffer(decision.withdraw);
    if (decision.offer !== undefined) this.#table.offer(decision.offer);
    if (decision.event !== undefined) this.#options.onEvent(decision.event);
    outbox.commit(decision.commit);
    switch (decision.kind) {
      case 'nothing':
        if (!UNANSWERED.has(decision.reason)) this.counters.drop(decision.reason);
        return;
      case 'probe':
        this.#probe(decision.offer, datagram, attachment);
        return;
      case 'reply': {
        const origin = { mac: attachment.mac, address: this.#network.server };
        const bytes = encodeReply(decision.reply, decision.delivery, origin);
        outbox.add(decision.reply.type, bytes, decision.commit.length > 0);
      }
    }
  }

  #probe(offer: Offer, datagram: Datagram, attachment: Attachment): void {
    const waiting = this.#probing.has(offer.address);
    if (!waiting && this.#probing.size >= MAX_PROBES) {
      this.counters.drop('too-many-probes');
      return;
    }
    // The bytes belong to the socket's buffer, which is filled again with the next batch.
    this.#probing.set(offer.address, { ...datagram, data: datagram.data.slice() });
    if (waiting) return;
    this.counters.probe();
    void attachment.prober.look(offer.address, offer.mac).then((result) => this.#probed(offer, result));
  }

  async #probed(offer: Offer, result: 'free' | 'used' | 'stopped'): Promise<void> {
    const datagram = this.#probing.get(offer.address);
    this.#probing.delete(offer.address);
    const request = datagram === undefined ? undefined : this.#read(datagram);
    if (datagram === undefined || request === undefined || result === 'stopped') return;
    if (result === 'free') {
      // Only when it is still this client's: a lease or another's offer may have come meanwhile.
      const holding = this.#table.at(offer.address);
      if (holding?.kind === 'offer' && holding.mac === offer.mac) this.#table.offer({ ...holding, checked: true });
    } else {
      this.#quarantine(offer);
    }
    await this.#answer([{ datagram, request }]);
  }

  #quarantine({ address, mac }: Offer): void {
    const transaction = this.#options.store.begin();
    const expiresAt = this.#options.now() + USED_MILLISECONDS;
    transaction.add({ change: 'quarantine', network: this.#network.spec.network, address, mac, expiresAt });
    void transaction.commit().catch(() => {});
    const message = `${formatIpv4(address)} is used by somebody without a lease; it is given to nobody for an hour`;
    this.#options.onEvent({ type: 'AddressInUse', message });
  }
}
