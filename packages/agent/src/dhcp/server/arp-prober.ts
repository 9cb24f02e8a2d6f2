import type { Ipv4Number } from '@kcore/contract';
import type { Clock } from '../../model/clock.ts';
import { type ArpPacket, arpProbe } from '../codec/arp.ts';
import { parseMac } from '../codec/mac.ts';

/** Two questions within a quarter of a second: whoever has the address answers within one round trip of the link. */
const BETWEEN_PROBES = 100;
const AFTER_LAST_PROBE = 150;
const QUESTIONS = 2;
/** A wait that took so much longer than meant: the machine was busy, and so may have been the one that should answer. */
const LATE = 50;
/** Where every wait is late, somebody has to be offered something at last. */
const MOST_QUESTIONS = 8;

export interface ProberOptions {
  readonly clock: Clock;
  /** The MAC the questions come from: the link's own, as it is now, or the answers would not come here. */
  readonly mac: () => string;
  /** Resolves with how many frames the kernel took. */
  readonly send: (frame: Uint8Array) => Promise<number>;
  /** Resolves when `hear` was told of everything that had arrived. */
  readonly heardAll: () => Promise<void>;
  /** Frames that arrived and were lost before they were read, so far. */
  readonly lost: () => number;
}

/** `stopped`: the link went away, or would not take a question; nothing is known. */
export type ProbeResult = 'free' | 'stopped' | { readonly usedBy: string };

interface Probe {
  /** The client that is to get the address: it may have it configured already. */
  readonly client: string;
  readonly interrupt: AbortController;
  result: ProbeResult;
}

/**
 * Asks a link who uses an address. Many addresses at once; none waits for another. Source: RFC 5227 §2.1.1.
 *
 * Silence is believed only where an answer would have been heard: the question left, the wait was as long as meant, and
 * all that arrived was read. A busy machine finds its deadlines over before it has looked at its sockets.
 */
export class ArpProber {
  readonly #options: ProberOptions;
  readonly #probes = new Map<Ipv4Number, Probe>();

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Tells when somebody other than `client` has the address. One question an address at a time. */
  async look(address: Ipv4Number, client: string): Promise<ProbeResult> {
    const probe: Probe = { client, interrupt: new AbortController(), result: 'stopped' };
    this.#probes.set(address, probe);
    try {
      const silent = await this.#silence(address, probe.interrupt.signal);
      if (silent && !probe.interrupt.signal.aborted) probe.result = 'free';
    } catch (error) {
      if (!probe.interrupt.signal.aborted) throw error;
    } finally {
      this.#probes.delete(address);
    }
    return probe.result;
  }

  /** One question; resolves with whether it left. */
  async ask(address: Ipv4Number): Promise<boolean> {
    const { send, mac } = this.#options;
    return (await send(arpProbe(parseMac(mac()), address)).catch(() => 0)) > 0;
  }

  /** What was heard on the link. A question for the same address from 0.0.0.0 is somebody about to take it. */
  hear({ senderMac, senderAddress, targetAddress }: ArpPacket): void {
    const probe = this.#probes.get(senderAddress === 0 ? targetAddress : senderAddress);
    if (probe === undefined || senderMac === probe.client || senderMac === this.#options.mac()) return;
    probe.result = { usedBy: senderMac };
    probe.interrupt.abort();
  }

  stop(): void {
    for (const { interrupt } of this.#probes.values()) interrupt.abort();
  }

  /** Resolves after so many questions that silence means something; false when none left. */
  async #silence(address: Ipv4Number, signal: AbortSignal): Promise<boolean> {
    const { clock, heardAll, lost } = this.#options;
    let left = false;
    for (let question = 1; question <= MOST_QUESTIONS && !signal.aborted; question++) {
      const lostBefore = lost();
      const sent = await this.ask(address);
      left ||= sent;
      const patience = question < QUESTIONS ? BETWEEN_PROBES : AFTER_LAST_PROBE;
      const asked = clock.monotonic();
      await clock.sleep(patience, signal);
      const punctual = clock.monotonic() - asked < patience + LATE;
      await heardAll();
      if (question >= QUESTIONS && sent && punctual && lost() === lostBefore) break;
    }
    return left;
  }
}
