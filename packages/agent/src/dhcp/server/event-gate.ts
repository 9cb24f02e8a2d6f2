import type { DhcpEvent, DhcpEventType } from '../respond/decision.ts';

/** Receives what a person may have to know. `object` is a network's name, or the lease log. */
export type DhcpEventListener = (type: DhcpEventType, object: string, message: string) => void;

const WINDOW_MILLISECONDS = 60_000;
const MAX_IN_WINDOW = 10;

interface Window {
  readonly since: number;
  readonly messages: Set<string>;
}

/**
 * Lets through each message once a minute, and at most ten of a type and network in that time: what guests send decides
 * how often an event comes about, so it must not decide how often one is told.
 */
export class EventGate {
  readonly #listener: DhcpEventListener;
  readonly #monotonic: () => number;
  readonly #windows = new Map<string, Window>();

  constructor(listener: DhcpEventListener, monotonic: () => number) {
    this.#listener = listener;
    this.#monotonic = monotonic;
  }

  tell(object: string, event: DhcpEvent): void {
    const key = `${event.type} ${object}`;
    const now = this.#monotonic();
    let window = this.#windows.get(key);
    if (window === undefined || now - window.since >= WINDOW_MILLISECONDS) {
      window = { since: now, messages: new Set() };
      this.#windows.set(key, window);
    }
    if (window.messages.has(event.message) || window.messages.size >= MAX_IN_WINDOW) return;
    window.messages.add(event.message);
    this.#listener(event.type, object, event.message);
  }

  /** A network that is no longer served needs no window. */
  forget(object: string): void {
    for (const key of this.#windows.keys()) if (key.endsWith(` ${object}`)) this.#windows.delete(key);
  }
}
