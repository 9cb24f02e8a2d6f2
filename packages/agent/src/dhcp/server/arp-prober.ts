import type { Ipv4Number } from '@kcore/contract';
import type { Clock } from '../../model/clock.ts';
import { type ArpPacket, arpProbe } from '../codec/arp.ts';
import { parseMac } from '../codec/mac.ts';

/** Two questions within a quarter of a second: whoever has the address answers within one round trip of the link. */
const BETWEEN_PROBES = 100;
const AFTER_LAST_PROBE = 150;

export interface ProberOptions {
  readonly clock: Clock;
  /** The MAC the questions come from: the link's own, as it is now, or the answers would not come here. */
  readonly mac: () => string;
  readonly send: (frame: Uint8Array) => void;
}

export type ProbeResult = 'free' | 'used' | 'stopped';

interface Probe {
  /** The client that is to get the address: it may have it configured already. */
  readonly client: string;
  readonly interrupt: AbortController;
  result: ProbeResult;
}

/** Asks a link who uses an address. Many addresses at once; none waits for another. Source: RFC 5227 §2.1.1. */
export class ArpProber {
  readonly #options: ProberOptions;
  readonly #probes = new Map<Ipv4Number, Probe>();

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#probes.size;
  }

  /** Resolves with `used` when somebody other than `client` has the address. One question an address at a time. */
  async look(address: Ipv4Number, client: string): Promise<ProbeResult> {
    const probe: Probe = { client, interrupt: new AbortController(), result: 'free' };
    this.#probes.set(address, probe);
    const { clock, send, mac } = this.#options;
    const ask = (): void => send(arpProbe(parseMac(mac()), address));
    try {
      ask();
      await clock.sleep(BETWEEN_PROBES, probe.interrupt.signal);
      ask();
      await clock.sleep(AFTER_LAST_PROBE, probe.interrupt.signal);
    } catch (error) {
      if (!probe.interrupt.signal.aborted) throw error;
    } finally {
      this.#probes.delete(address);
    }
    return probe.result;
  }

  /** What was heard on the link. A question for the same address from 0.0.0.0 is somebody about to take it. */
  hear({ senderMac, senderAddress, targetAddress }: ArpPacket): void {
    const probe = this.#probes.get(senderAddress === 0 ? targetAddress : senderAddress);
    if (probe === undefined || senderMac === probe.client || senderMac === this.#options.mac()) return;
    this.#end(probe, 'used');
  }

  stop(): void {
    for (const probe of this.#probes.values()) this.#end(probe, 'stopped');
  }

  #end(probe: Probe, result: ProbeResult): void {
    probe.result = result;
    probe.interrupt.abort();
  }
}
