import { ClosedError } from '../error.ts';
import { ECANCELED, ENODEV } from '../uapi/errno.ts';
import { loadAddon, type NativeDescriptor, type NativeSocket } from './addon.ts';

/** A received packet. */
export interface Received {
  readonly data: Uint8Array;
  /** UDP only: source address as a number, and port. */
  readonly address: number;
  readonly port: number;
}

export interface ReceivedBatch {
  /** Not 0: there will be no more; ENETDOWN or ENODEV when the device is gone, ECANCELED after `cancel`. */
  readonly end: number;
  readonly items: readonly Received[];
}

/** As in native/loop_socket_api.h. */
const DEVICE_REPORTED = -1;
const DEVICE_UP = 0;
const DEVICE_GONE = 2;
/** A device that is down may come up again or be deleted; no notice comes of either. Milliseconds. */
const DEVICE_DOWN_INTERVAL = 200;

/** A UDP or packet socket on node's own event loop. Whoever made it closes it. */
export class LoopSocket implements AsyncDisposable {
  readonly #addon = loadAddon();
  readonly #socket: NativeSocket;
  /**
   * The native side holds this weakly while nobody waits, so that a socket that was forgotten is collected. So it must be
   * held here: a function that only the native side knew went with the first garbage collection between two receives,
   * and the socket was deaf from then on.
   */
  readonly #told = (bytes: ArrayBuffer, meta: ArrayBuffer): void => {
    const numbers = new Int32Array(meta);
    if (numbers[0] === DEVICE_REPORTED) this.#lookAtDevice();
    else this.#settle({ end: numbers[0] ?? 0, items: itemsOf(bytes, numbers) });
  };
  #waiting: ((batch: ReceivedBatch) => void) | undefined;
  #end = 0;
  #closing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Takes the descriptor; when it throws, that is closed. */
  constructor(opened: { readonly descriptor: NativeDescriptor; readonly udp: boolean }) {
    this.#socket = this.#addon.socketOpen(opened.descriptor, opened.udp ? 1 : 0, this.#told);
    if (opened.udp) this.#addon.socketWatch(this.#socket);
  }

  /** Waits until something is there. One at a time. */
  receive(): Promise<ReceivedBatch> {
    if (this.#closing !== undefined) return Promise.resolve({ end: ECANCELED, items: [] });
    if (this.#end !== 0) return Promise.resolve({ end: this.#end, items: [] });
    this.#settle({ end: ECANCELED, items: [] });
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#addon.socketReceive(this.#socket);
    });
  }

  /** Ends a receive that waits, and lets the process end although the socket is open. */
  cancel(): void {
    if (this.#closing !== undefined) return;
    this.#addon.socketPause(this.#socket);
    this.#settle({ end: ECANCELED, items: [] });
  }

  /**
   * Hands packets to the kernel now. `packets` has length, address and port of each of `count`, whose bytes follow each
   * other. How many it took, or -errno when it took none. @throws {ClosedError}
   */
  send(bytes: Uint8Array, packets: Int32Array, count: number): number {
    if (this.#closing !== undefined) throw new ClosedError('the socket is closed');
    return this.#addon.socketSend(this.#socket, bytes, packets, count);
  }

  /** The device's own address now, as a number of 48 bits; undefined when the device is gone. */
  deviceAddress(): number | undefined {
    const address = this.#closing === undefined ? this.#addon.socketAddress(this.#socket) : -ENODEV;
    return address < 0 ? undefined : address;
  }

  /** Packets that found no room in the receive buffer, since the socket was opened. */
  dropped(): number {
    return this.#closing === undefined ? this.#addon.socketDropped(this.#socket) : 0;
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing === undefined) {
      clearTimeout(this.#timer);
      this.#closing = this.#addon.socketClose(this.#socket);
      this.#settle({ end: ECANCELED, items: [] });
    }
    return this.#closing;
  }

  #settle(batch: ReceivedBatch): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(batch);
  }

  static #lookAgain(weak: WeakRef<LoopSocket>): void {
    const socket = weak.deref();
    if (socket !== undefined) socket.#lookAtDevice();
  }

  /**
   * The kernel tells a bound UDP socket nothing when its device goes; a packet socket is told, once, already when the
   * device goes down, which deletion begins with. So while it is down, look now and then whether it is still there.
   */
  #lookAtDevice(): void {
    if (this.#closing !== undefined) return;
    const state = this.#addon.socketDevice(this.#socket);
    if (state === DEVICE_UP) {
      this.#addon.socketWatch(this.#socket);
    } else if (state === DEVICE_GONE) {
      this.#end = ENODEV;
      this.#addon.socketPause(this.#socket);
      this.#settle({ end: ENODEV, items: [] });
    } else {
      // Held weakly, so that a socket that was forgotten is collected although its device never comes up again.
      this.#timer = setTimeout(LoopSocket.#lookAgain, DEVICE_DOWN_INTERVAL, new WeakRef(this)).unref();
    }
  }
}

function itemsOf(bytes: ArrayBuffer, meta: Int32Array): Received[] {
  const items: Received[] = [];
  let offset = 0;
  for (let at = 1; at + 2 < meta.length; at += 3) {
    const length = meta[at] ?? 0;
    items.push({ data: new Uint8Array(bytes, offset, length), address: meta[at + 1] ?? 0, port: meta[at + 2] ?? 0 });
    offset += length;
  }
  return items;
}
