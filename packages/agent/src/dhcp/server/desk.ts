import { formatIpv4, type Ipv4Number, isIpv4, parseIpv4 } from '@kcore/contract';
import type { Datagram } from '../../model/packet-socket.ts';
import type { ArpPacket } from '../codec/arp.ts';
import { parseMac } from '../codec/mac.ts';
import { optionOf } from '../codec/options.ts';
import { type DhcpPacket, type MessageType, messageTypeName } from '../codec/packet.ts';
import { parsePacket } from '../codec/parse.ts';
import { parseUdpFrame } from '../codec/received-frame.ts';
import type { Offer } from '../leases/lease.ts';
import type { LeaseStore } from '../leases/lease-store.ts';
import type { LeaseTable } from '../leases/lease-table.ts';
import type { Decision, DhcpEvent, DhcpRequest, DropReason } from '../respond/decision.ts';
import { foreignServerSeen } from '../respond/foreign-server.ts';
import { respond } from '../respond/respond.ts';
import type { ServedNetwork } from '../respond/served-network.ts';
import { claimAgainst } from './address-claim.ts';
import type { ArpProber, ProbeResult } from './arp-prober.ts';
import { Counters } from './counters.ts';
import { type LinkSockets, Outbox } from './outbox.ts';
import { RateLimit } from './rate-limit.ts';
import { encodeReply, ReplyRoom } from './transmit.ts';

export interface DeskOptions {
  readonly network: ServedNetwork;
  readonly store: LeaseStore;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number;
  /** Any number that guests cannot know. */
  readonly seed: number;
  readonly onEvent: (event: DhcpEvent) => void;
}

/** What the desk works through while the link is there. */
export interface Attachment {
  readonly sockets: LinkSockets;
  readonly prober: ArpProber;
}

/** Addresses looked for at the same time; requests beyond that are dropped and will be asked again. */
const MAX_PROBES = 4096;
/** An address that somebody uses without a lease is looked at again after this long. */
const USED_MILLISECONDS = 3600 * 1000;

const FROM_CLIENTS: ReadonlySet<MessageType> = new Set(['discover', 'request', 'decline', 'release', 'inform']);
/** Done, though nothing is ever answered to them: not a drop. */
const UNANSWERED: ReadonlySet<DropReason> = new Set(['released', 'declined']);

/** Where it came from is looked at for few messages. */
class ReceivedRequest implements DhcpRequest {
  readonly packet: DhcpPacket;
  readonly #datagram: Datagram;

  constructor(packet: DhcpPacket, datagram: Datagram) {
    this.packet = packet;
    this.#datagram = datagram;
  }

  get source(): Ipv4Number {
    const { address } = this.#datagram;
    return isIpv4(address) ? parseIpv4(address) : 0;
  }
}

/** Handles the requests of one network: decides, stores, and sends, in that order. */
export class Desk {
  readonly counters = new Counters();
  readonly #options: DeskOptions;
  readonly #table: LeaseTable;
  readonly #limit: RateLimit;
  readonly #room = new ReplyRoom();
  /** Requests that wait for the answer whether an address is free; the client's latest one replaces an earlier. */
  readonly #probing = new Map<Ipv4Number, Datagram>();
  /** The link's own, which changes. */
  #mac = '';
  #macBytes: Uint8Array = new Uint8Array(6);
  /** Requests that the socket had no room for, of those that are counted. */
  #lost = 0;
  #network: ServedNetwork;
  #attachment: Attachment | undefined;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#network = options.network;
    this.#table = options.store.table(options.network.spec.network);
    this.#limit = new RateLimit(options.monotonic, options.seed);
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
    this.#lost = 0;
  }

  detach(): void {
    this.#attachment = undefined;
    this.#probing.clear();
  }

  /** Resolves when all replies are sent that will be. */
  async handle(batch: readonly Datagram[]): Promise<void> {
    this.#look();
    const outbox = this.#begin();
    for (const datagram of batch) {
      const request = this.#read(datagram);
      if (request === undefined || !this.#admit(request.packet)) continue;
      this.#answer(request, datagram, outbox);
    }
    await this.#finish(outbox);
  }

  /** A message that another server sent to a client on this link. */
  hear(frame: Uint8Array): void {
    const udp = parseUdpFrame(frame);
    const parsed = udp === undefined ? undefined : parsePacket(udp.payload);
    if (udp === undefined || parsed?.kind !== 'packet') return;
    const event = foreignServerSeen(parsed.packet, udp.sourceMac, this.#network);
    if (event !== undefined) this.#options.onEvent(event);
  }

  /**
   * ARP of somebody on the link. An answer that came too late for the question takes the offer back: the client's
   * REQUEST is refused. A lease stays, because its client was told; it may decline it.
   */
  hearArp(arp: ArpPacket): void {
    this.#attachment?.prober.hear(arp);
    const claimed = claimAgainst(arp, this.#table, this.#options.now());
    if (claimed === undefined || arp.senderMac === this.#attachment?.sockets.packet.mac) return;
    if (claimed.kind === 'lease') {
      const message = `${formatIpv4(claimed.address)} is leased to ${claimed.mac}, but ${arp.senderMac} uses it as well`;
      this.#options.onEvent({ type: 'AddressInUse', message });
    } else if (this.#probes) this.#quarantine(claimed, arp.senderMac);
  }

  /** What may have changed since the last batch, and does not within one. */
  #look(): void {
    this.#limit.look();
    if (this.#attachment === undefined) return;
    const { packet, udp } = this.#attachment.sockets;
    const { mac } = packet;
    if (mac !== this.#mac) {
      this.#mac = mac;
      this.#macBytes = parseMac(mac);
    }
    const lost = udp.dropped();
    if (lost > this.#lost) this.counters.drop('receive-buffer-full', lost - this.#lost);
    this.#lost = lost;
  }

  /** Whether addresses of this network are looked for before they are given. */
  get #probes(): boolean {
    return this.#network.spec.probe !== false;
  }

  #begin(): Outbox {
    return new Outbox(this.#options.store.begin(), this.counters);
  }

  #answer(request: DhcpRequest, datagram: Datagram, outbox: Outbox): void {
    const attachment = this.#attachment;
    if (attachment === undefined) return;
    const decision = respond(request, this.#network, this.#table, this.#options.now());
    this.#carryOut(decision, datagram, attachment, outbox);
  }

  async #finish(outbox: Outbox): Promise<void> {
    const attachment = this.#attachment;
    if (attachment === undefined) return;
    await outbox.flush(attachment.sockets);
  }

  #read(datagram: Datagram): DhcpRequest | undefined {
    const parsed = parsePacket(datagram.data);
    if (parsed.kind === 'packet') return new ReceivedRequest(parsed.packet, datagram);
    this.counters.drop(parsed.reason);
    return undefined;
  }

  #admit(packet: DhcpPacket): boolean {
    this.#count(packet);
    // A relay agent speaks for many, each with a MAC of its own as well.
    if (this.#limit.admits(packet.chaddr)) return true;
    this.counters.drop('too-many-requests');
    return false;
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
        // Once more, just before the OFFER: where that arrives, so does this, whatever became of the questions before.
        if (decision.offer !== undefined && this.#probes) void attachment.prober.ask(decision.offer.address);
        const origin = { mac: this.#macBytes, address: this.#network.server };
        const bytes = encodeReply(this.#room, decision.reply, decision.delivery, origin);
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
    const { address, port, data } = datagram;
    this.#probing.set(offer.address, { address, port, data: data.slice() });
    if (waiting) return;
    this.counters.probe();
    void attachment.prober.look(offer.address, offer.mac).then((result) => this.#probed(offer, result));
  }

  async #probed(offer: Offer, result: ProbeResult): Promise<void> {
    const datagram = this.#probing.get(offer.address);
    this.#probing.delete(offer.address);
    const request = datagram === undefined ? undefined : this.#read(datagram);
    if (datagram === undefined || request === undefined) return;
    if (result === 'stopped') {
      this.counters.drop('not-probed');
      return;
    }
    if (result === 'free') {
      // Only when it is still this client's: a lease or another's offer may have come meanwhile.
      const holding = this.#table.at(offer.address);
      if (holding?.kind === 'offer' && holding.mac === offer.mac) this.#table.offer({ ...holding, checked: true });
    } else {
      this.#quarantine(offer, result.usedBy);
    }
    this.#look();
    const outbox = this.#begin();
    this.#answer(request, datagram, outbox);
    await this.#finish(outbox);
  }

  #quarantine({ address, mac }: Offer, user: string): void {
    const transaction = this.#options.store.begin();
    const expiresAt = this.#options.now() + USED_MILLISECONDS;
    transaction.add({ change: 'quarantine', network: this.#network.spec.network, address, mac, expiresAt });
    void transaction.commit().catch(() => {});
    const message = `${formatIpv4(address)} is used by ${user} without a lease; it is given to nobody for an hour`;
    this.#options.onEvent({ type: 'AddressInUse', message });
  }
}
