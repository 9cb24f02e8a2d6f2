import type { RawMessage } from '../message/message.ts';
import type { DumpRequest } from '../message/request.ts';

/** What one notification says about the objects that are watched. */
export type Notice<T> =
  | { readonly type: 'set'; readonly item: T }
  | { readonly type: 'delete'; readonly item: T }
  /** Objects went without a notification of their own, as those of a link that was deleted. */
  | { readonly type: 'deleteIf'; readonly gone: (item: T) => boolean }
  /** A part of one object, by its key; the rest is as it was. */
  | { readonly type: 'amend'; readonly key: string; readonly amended: (item: T) => T }
  /** Something changed that the kernel does not tell in full: list again. */
  | { readonly type: 'relist' }
  /** List again if there is an object that cannot be as it is known: it changed without a notification of its own. */
  | { readonly type: 'relistIf'; readonly stale: (item: T) => boolean };

/** A kind of kernel object that can be listed and is notified: what `watch` needs to know of it. */
export interface WatchSource<T> {
  /** NETLINK_ROUTE, NETLINK_NETFILTER. */
  readonly protocol: number;
  /** Multicast groups by number. */
  readonly groups: readonly number[];
  /** Of all; one message may tell of several. What is never notified is left out here, too, or it would stay for ever. */
  list(): DumpRequest<T | readonly T[]>;
  /** Equal for two states of the same object, whatever can change of it. */
  key(item: T): string;
  /** Undefined: the message is about something else. @throws {MalformedError} The watcher lists again instead. */
  read(message: RawMessage): Notice<T> | undefined;
  /** Whether a reader would see no difference: counters and ages that the kernel does not notify are left out. */
  same(a: T, b: T): boolean;
}

/** One text for equal values, whatever the order of their members; `ignored` ones of the outermost object are left out. */
export function canonical(value: object, ignored: ReadonlySet<string> = new Set()): string {
  return textOf(Object.fromEntries(Object.entries(value).filter(([name]) => !ignored.has(name))));
}

function textOf(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${name}:${textOf(member)}`).join()}}`;
}
