import { parseIpv4 } from '@kcore/contract';
import { arpProbe, ETHERTYPE_ARP, parseArp } from '../dhcp/codec/arp.ts';
import { parseMac } from '../dhcp/codec/mac.ts';
import type { AnswerProbe, ProbeTarget } from '../model/answer-probe.ts';
import type { Clock } from '../model/clock.ts';
import type { PacketSocket, PacketSockets } from '../model/packet-socket.ts';
import { createChanges } from '../vm/changes.ts';

/** Between two questions to one guest, milliseconds. */
const AGAIN_MILLISECONDS = 1_000;

export interface AnswerProbeOptions {
  readonly sockets: PacketSockets;
  readonly clock: Clock;
}

/**
 * Asks by ARP, from the bridge that a guest is on and from no address, so that nobody's cache is changed by the question. Any
 * ARP that a guest sends from its own MAC and address is as good as an answer. Nothing is sent, and no socket open, when
 * every guest has answered.
 */
export function createAnswerProbe(options: AnswerProbeOptions): AnswerProbe {
  return new ArpAnswerProbe(options);
}

class ArpAnswerProbe implements AnswerProbe {
  readonly #options: AnswerProbeOptions;
  readonly #answered = createChanges();
  readonly #ending = new AbortController();
  readonly #bridges = new Map<string, Bridge>();
  #targets: readonly ProbeTarget[] = [];
  /** When each guest is to be asked next, on the monotonic clock. */
  readonly #due = new Map<string, number>();
  #asking: Promise<void> | undefined;

  constructor(options: AnswerProbeOptions) {
    this.#options = options;
  }

  ask(targets: readonly ProbeTarget[]): void {
    this.#targets = targets;
    const guests = new Set(targets.map(({ guest }) => guest));
    for (const guest of this.#due.keys()) if (!guests.has(guest)) this.#due.delete(guest);
    const wanted = new Set(targets.map(({ bridge }) => bridge));
    for (const [name, bridge] of this.#bridges) if (!wanted.has(name)) this.#close(name, bridge);
    if (targets.length > 0 && !this.#ending.signal.aborted) this.#asking ??= this.#askAll();
  }

  async *answers(signal: AbortSignal): AsyncIterable<string> {
    const until = AbortSignal.any([signal, this.#ending.signal]);
    for await (const guests of this.#answered.batches(until)) yield* guests;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#targets = [];
    for (const [name, bridge] of this.#bridges) this.#close(name, bridge);
    await this.#asking;
  }

  async #askAll(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ending;
    while (this.#targets.length > 0) {
      const now = clock.monotonic();
      const due = this.#targets.filter(({ guest }) => (this.#due.get(guest) ?? 0) <= now);
      for (const target of due) {
        this.#due.set(target.guest, now + AGAIN_MILLISECONDS);
        this.#bridge(target.bridge).ask(target);
      }
      const next = Math.min(...this.#targets.map(({ guest }) => this.#due.get(guest) ?? 0));
      // New targets do not wait for the others: whoever is new is due at once, and looked at this often.
      await clock.sleep(Math.max(1, Math.min(100, next - now)), signal).catch(() => {});
    }
    this.#asking = undefined;
  }

  #bridge(name: string): Bridge {
    const open = this.#bridges.get(name);
    if (open !== undefined) return open;
    const opened = new Bridge(this.#options.sockets, name, (mac, address) => this.#heard(name, mac, address));
    this.#bridges.set(name, opened);
    void opened.listening.then(() => {
      // The bridge is gone, or was never there: the next question tries again.
      if (this.#bridges.get(name) === opened) this.#bridges.delete(name);
    });
    return opened;
  }

  #heard(bridge: string, mac: string, address: number): void {
    for (const target of this.#targets) {
      if (target.bridge === bridge && target.mac === mac && parseIpv4(target.address) === address)
        this.#answered.add(target.guest);
    }
  }

  #close(name: string, bridge: Bridge): void {
    this.#bridges.delete(name);
    bridge.close();
  }
}

/** One bridge that is asked on, with a socket of its own. */
class Bridge {
  /** Resolves when it is over, whatever ended it. */
  readonly listening: Promise<void>;
  readonly #over = new AbortController();
  readonly #socket: Promise<PacketSocket>;

  constructor(sockets: PacketSockets, link: string, heard: (mac: string, address: number) => void) {
    this.#socket = sockets.openPacket({ link, etherType: ETHERTYPE_ARP });
    this.listening = this.#listen(heard).catch(() => {});
  }

  ask({ address }: ProbeTarget): void {
    this.#socket
      .then((socket) => socket.send([arpProbe(parseMac(socket.mac), parseIpv4(address))]))
      // A question that could not be sent is asked again.
      .catch(() => {});
  }

  close(): void {
    this.#over.abort();
  }

  async #listen(heard: (mac: string, address: number) => void): Promise<void> {
    await using socket = await this.#socket;
    for await (const frames of socket.receive(this.#over.signal)) {
      for (const frame of frames) {
        const arp = parseArp(frame);
        if (arp !== undefined && arp.senderAddress !== 0) heard(arp.senderMac, arp.senderAddress);
      }
    }
  }
}
