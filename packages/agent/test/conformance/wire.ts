import { setTimeout as sleep } from 'node:timers/promises';
import { kernelPacketSockets } from '../../src/kernel/packet-sockets.ts';
import type { PacketSocket } from '../../src/model/packet-socket.ts';
import {
  arpAnswer,
  type Draft,
  type Envelope,
  encodeMessage,
  type Frame,
  frameOf,
  ip,
  parseFrame,
  type TypeName,
  type WireOption,
} from './wire-format.ts';

const EVERYTHING = 3;
/** As clients do: ask again when nothing came, for half a minute. */
const PATIENCE = 1500;
const ATTEMPTS = 20;
/** Who asks after a message that must not be answered: the answer to it says that the message was read. */
const FENCE = { mac: '02:fe:fe:fe:fe:fe', host: 250 };
const AFTER_FENCE = 150;

export interface Lease {
  readonly mac: string;
  readonly address: string;
  readonly offer: Frame;
  readonly ack: Frame;
}

/**
 * Many clients on one link, each with a MAC of its own: they send raw frames, and answer ARP for the addresses they
 * have, as real ones do. Also shows whatever else arrives on the link.
 */
export class Wire implements AsyncDisposable {
  /** Of every DHCP frame that arrived, oldest first. */
  readonly frames: Frame[] = [];
  readonly #socket: PacketSocket;
  readonly #subnet: string;
  readonly #ended = new AbortController();
  readonly #waiting = new Map<string, (frame: Frame) => void>();
  readonly #holders = new Map<string, string>();
  #xid = 0x1000;

  private constructor(socket: PacketSocket, subnet: string) {
    this.#socket = socket;
    this.#subnet = subnet;
    void this.#receive();
  }

  /** `subnet`: the first three bytes, `10.78.0`. */
  static async open(namespace: string, link: string, subnet = '10.78.0'): Promise<Wire> {
    const sockets = kernelPacketSockets({ netns: `/run/netns/${namespace}` });
    return new Wire(await sockets.openPacket({ link, etherType: EVERYTHING }), subnet);
  }

  /** The server of this wire's network. */
  get server(): string {
    return `${this.#subnet}.1`;
  }

  nextXid(): number {
    this.#xid += 1;
    return this.#xid;
  }

  async send(payload: Uint8Array, envelope: Envelope): Promise<void> {
    await this.#socket.send([frameOf(payload, envelope)]);
  }

  async sendAll(frames: readonly Uint8Array[]): Promise<void> {
    await this.#socket.send(frames);
  }

  /** From now on ARP requests for the address are answered with this MAC. */
  hold(address: string, mac: string): void {
    this.#holders.set(address, mac);
  }

  letGo(address: string): void {
    this.#holders.delete(address);
  }

  /** Says it once; nothing is waited for. */
  async say(draft: Draft, envelope: Partial<Envelope> = {}): Promise<void> {
    const own = draft.ciaddr === undefined ? {} : { source: draft.ciaddr };
    await this.send(encodeMessage({ xid: this.nextXid(), ...draft }), { sourceMac: draft.mac, ...own, ...envelope });
  }

  /** Says it until it is answered; undefined when it never is. */
  async ask(draft: Draft, envelope: Partial<Envelope> = {}, attempts = ATTEMPTS): Promise<Frame | undefined> {
    const message = { xid: this.nextXid(), ...draft };
    if (draft.ciaddr !== undefined) this.hold(draft.ciaddr, draft.mac);
    const key = `${message.xid} ${message.mac}`;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const patience = new AbortController();
      const answered = new Promise<Frame>((resolve) => {
        // A late copy of an OFFER has the same identifiers, and answers no REQUEST.
        this.#waiting.set(key, (frame) => {
          if (draft.type !== 'request' || frame.message.type !== 'offer') resolve(frame);
        });
      });
      await this.say(message, envelope);
      const reply = await Promise.race([answered, sleep(PATIENCE, undefined, patience).catch(() => undefined)]);
      patience.abort();
      this.#waiting.delete(key);
      if (reply === undefined) continue;
      if (reply.message.type === 'ack') this.hold(reply.message.yiaddr, draft.mac);
      return reply;
    }
    return undefined;
  }

  /** What comes back for a message that should not be answered, told by a later one that is. */
  async silence(draft: Draft, envelope: Partial<Envelope> = {}): Promise<Frame[]> {
    const xid = this.nextXid();
    await this.say({ xid, ...draft }, envelope);
    await this.fence();
    return this.frames.filter((frame) => frame.message.xid === xid);
  }

  /** Resolves when everything that was sent before has been read by the server. */
  async fence(longer = AFTER_FENCE): Promise<void> {
    const answer = await this.ask({ type: 'inform', mac: FENCE.mac, ciaddr: `${this.#subnet}.${FENCE.host}` });
    if (answer === undefined) throw new Error('the server answers nothing any more, not even an INFORM');
    if (longer > 0) await sleep(longer);
  }

  /** Resolves when a frame with a message of this type was heard, or twenty seconds are over: a program may tell sooner. */
  async heard(type: TypeName): Promise<void> {
    for (let wait = 0; wait < 1000 && !this.frames.some(({ message }) => message.type === type); wait++)
      await sleep(20);
  }

  discover(mac: string, options: readonly WireOption[] = [], over: Partial<Draft> = {}): Promise<Frame | undefined> {
    return this.ask({ type: 'discover', mac, options, ...over });
  }

  /** SELECTING: takes what was offered. */
  select(mac: string, offer: Frame, options: readonly WireOption[] = []): Promise<Frame | undefined> {
    const server = offer.message.options.get(54) ?? Buffer.alloc(4);
    return this.ask({
      type: 'request',
      mac,
      xid: offer.message.xid,
      options: [ip(50, offer.message.yiaddr), [54, server], ...options.filter(([code]) => code !== 50)],
    });
  }

  /** INIT-REBOOT: asks whether an address it had is still right. */
  reboot(mac: string, address: string): Promise<Frame | undefined> {
    return this.ask({ type: 'request', mac, options: [ip(50, address)] });
  }

  /** RENEWING, unicast to the server when its MAC is given. */
  renew(mac: string, address: string, serverMac?: string): Promise<Frame | undefined> {
    const to = serverMac === undefined ? {} : { destinationMac: serverMac, destination: this.server };
    return this.ask({ type: 'request', mac, ciaddr: address }, to);
  }

  /** The four messages of a new client; undefined when it gets no lease. */
  async lease(mac: string, options: readonly WireOption[] = []): Promise<Lease | undefined> {
    const offer = await this.discover(mac, options);
    if (offer === undefined) return undefined;
    const ack = await this.select(mac, offer, options);
    return ack?.message.type === 'ack' ? { mac, address: ack.message.yiaddr, offer, ack } : undefined;
  }

  async release(mac: string, address: string): Promise<void> {
    await this.say({ type: 'release', mac, ciaddr: address, options: [ip(54, this.server)] });
    this.letGo(address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#socket[Symbol.asyncDispose]();
  }

  async #receive(): Promise<void> {
    for await (const batch of this.#socket.receive(this.#ended.signal)) {
      for (const one of batch) this.#hear(Buffer.from(one.slice()));
    }
  }

  #hear(bytes: Buffer): void {
    const answer = arpAnswer(bytes, this.#holders);
    if (answer !== undefined) void this.#socket.send([answer]).catch(() => {});
    const frame = parseFrame(bytes);
    if (frame === undefined) return;
    this.frames.push(frame);
    if (frame.message.op === 2) this.#waiting.get(`${frame.message.xid} ${frame.message.mac}`)?.(frame);
  }
}

/** A MAC for the nth of many clients. */
export function macOf(index: number, group = 0): string {
  const bytes = [0x02, 0, group, (index >> 16) & 255, (index >> 8) & 255, index & 255];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
