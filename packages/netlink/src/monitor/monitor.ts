import { inputOf } from '../codec/codec.ts';
import { ProtocolError } from '../error.ts';
import { type RawMessage, splitMessages } from '../message/message.ts';
import { Port, type Received } from '../native/port.ts';
import { type Netns, runTask, systemError } from '../native/task.ts';
import { ECANCELED, EMSGSIZE, ENOBUFS } from '../uapi/errno.ts';

/** One notification, or the news that some were lost. */
export type MonitorEvent =
  | {
      readonly type: 'message';
      readonly message: RawMessage;
      /** Only with `allNamespaces`: the namespace it comes from, by the id that the monitor's own has for it. */
      readonly netnsId?: number;
    }
  /** The kernel had more to say than the buffer holds: events before the next are lost. Look at the state again. */
  | { readonly type: 'overrun' };

/**
 * Notifications of the kernel. Iterate once, and to the end: it ends when the monitor is disposed. What is not taken
 * stays in the socket's buffer until that overruns.
 */
export interface Monitor extends AsyncIterable<MonitorEvent>, AsyncDisposable {}

/** What is listened to, and where. */
export interface MonitorOptions {
  /** NETLINK_ROUTE, NETLINK_NETFILTER. */
  readonly protocol: number;
  /** Multicast groups by number: RTNLGRP_LINK, NFNLGRP_NFTABLES. */
  readonly groups: readonly number[];
  readonly netns?: Netns;
  /** Bytes. */
  readonly receiveBuffer?: number;
  /** Hears of each namespace that has an id in the monitor's own (NETLINK_LISTEN_ALL_NSID); needs CAP_NET_BROADCAST. */
  readonly allNamespaces?: boolean;
}

const DEFAULT_RECEIVE_BUFFER = 4 << 20;

/** @throws {SystemError} EINVAL or ENOENT for a group that the kernel does not have. */
export async function openMonitor(options: MonitorOptions): Promise<Monitor> {
  const opened = await runTask({
    kind: 'openNetlink',
    operation: `open netlink monitor of protocol ${options.protocol}, groups ${options.groups.join(', ')}`,
    netns: options.netns,
    numbers: [
      options.protocol,
      options.receiveBuffer ?? DEFAULT_RECEIVE_BUFFER,
      0,
      options.allNamespaces === true ? 1 : 0,
    ],
    groups: options.groups,
  });
  return new SocketMonitor(new Port(opened));
}

class SocketMonitor implements Monitor {
  readonly #port: Port;

  constructor(port: Port) {
    this.#port = port;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<MonitorEvent> {
    for (;;) {
      const { end, items } = await this.#port.receive();
      for (const item of items) yield* eventsOf(item);
      if (end === ECANCELED) return;
      if (end !== 0) throw systemError('receive notifications', end);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#port[Symbol.asyncDispose]();
  }
}

function* eventsOf(item: Received): Iterable<MonitorEvent> {
  // A notification longer than the buffer is lost like those that found no room.
  if (item.errno === ENOBUFS || item.errno === EMSGSIZE) {
    yield { type: 'overrun' };
    return;
  }
  if (item.errno !== 0) throw systemError('receive notifications', item.errno);
  try {
    const origin = item.netnsId === undefined ? {} : { netnsId: item.netnsId };
    for (const message of splitMessages(inputOf(item.data))) yield { type: 'message', message, ...origin };
  } catch (cause) {
    throw new ProtocolError('the kernel sent a notification that is not netlink', { cause });
  }
}
