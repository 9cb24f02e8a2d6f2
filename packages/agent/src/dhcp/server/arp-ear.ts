import { setImmediate as turn } from 'node:timers/promises';
import type { PacketSocket } from '../../model/packet-socket.ts';
import { type ArpPacket, parseArp } from '../codec/arp.ts';

/** A link on which ARP never ceases must not keep anybody waiting. */
const MOST_TURNS = 16;

/** Hears ARP on a link, and knows when it has heard all that had arrived. */
export class ArpEar {
  readonly #socket: PacketSocket;
  readonly #hear: (arp: ArpPacket) => void;
  #batches = 0;

  constructor(socket: PacketSocket, hear: (arp: ArpPacket) => void) {
    this.#socket = socket;
    this.#hear = hear;
  }

  /** Until the socket ends. */
  async listen(signal: AbortSignal): Promise<void> {
    for await (const frames of this.#socket.receive(signal)) {
      this.#batches += 1;
      for (const frame of frames) {
        const arp = parseArp(frame);
        if (arp !== undefined) this.#hear(arp);
      }
    }
  }

  /** Resolves when a look at the sockets brought nothing more. */
  async heardAll(): Promise<void> {
    for (let count = 0; count < MOST_TURNS; count++) {
      const before = this.#batches;
      // The sockets are looked at before the first when a timer waited for this, before the second when a socket did.
      await turn();
      await turn();
      if (this.#batches === before) return;
    }
  }
}
