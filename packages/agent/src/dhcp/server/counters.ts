import type { MessageType } from '../codec/packet.ts';

/** What one network's server has seen and sent since it is served. */
export interface DhcpCounters extends Readonly<Record<MessageType, number>> {
  /** Not answered, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** Replies that the kernel did not take. */
  readonly unsent: number;
  /** Addresses looked for on the link before they were offered. */
  readonly probes: number;
}

export class Counters {
  readonly #messages = new Map<MessageType, number>();
  readonly #dropped = new Map<string, number>();
  #unsent = 0;
  #probes = 0;

  message(type: MessageType): void {
    this.#messages.set(type, (this.#messages.get(type) ?? 0) + 1);
  }

  drop(reason: string, count = 1): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
  }

  unsent(count: number): void {
    this.#unsent += count;
  }

  probe(): void {
    this.#probes += 1;
  }

  snapshot(): DhcpCounters {
    const of = (type: MessageType): number => this.#messages.get(type) ?? 0;
    return {
      discover: of('discover'),
      offer: of('offer'),
      request: of('request'),
      decline: of('decline'),
      ack: of('ack'),
      nak: of('nak'),
      release: of('release'),
      inform: of('inform'),
      dropped: Object.fromEntries(this.#dropped),
      unsent: this.#unsent,
      probes: this.#probes,
    };
  }
}
