import type { RawMessage } from '../message/message.ts';
import type { DumpRequest } from '../message/request.ts';
import { decodeRouteMessage, type RouteEvent } from '../rtnl/route-message.ts';
import { NETLINK_ROUTE } from '../uapi/netlink.ts';
import { AF_BRIDGE } from '../uapi/socket.ts';
import { canonical, type Notice, type WatchSource } from './source.ts';

/** What a kind of object of rtnetlink is watched by. */
interface Parts<T extends object> {
  /** RTNLGRP_*. */
  readonly groups: readonly number[];
  list(): DumpRequest<T | readonly T[]>;
  key(item: T): string;
  notice(event: RouteEvent): Notice<T> | undefined;
  /** The object as the kernel would notify it; undefined for one that it never notifies. Lists and events go through it. */
  readonly notified?: (item: T) => T | undefined;
  /** Members that age or count by themselves, or are in lists only or in notifications only. */
  readonly noise?: ReadonlySet<string>;
  /** The same for what is not a member of the object itself: the object without it. */
  readonly still?: (item: T) => object;
}

const NONE: ReadonlySet<string> = new Set();

/** A source of rtnetlink. */
export function routeSource<T extends object>(parts: Parts<T>): WatchSource<T> {
  const { notified = (item) => item, still = (item) => item, noise = NONE } = parts;
  return {
    protocol: NETLINK_ROUTE,
    groups: parts.groups,
    list: () => mapped(parts.list(), (item) => each(item, notified)),
    key: parts.key,
    read(message) {
      const event = decodeRouteMessage(message);
      const notice = event === undefined ? undefined : parts.notice(event);
      if (notice?.type !== 'set') return notice;
      const item = notified(notice.item);
      // It turned into what is left out.
      return item === undefined ? { type: 'delete', item: notice.item } : { type: 'set', item };
    },
    same: (a, b) => canonical(still(a), noise) === canonical(still(b), noise),
  };
}

function each<T>(listed: T | readonly T[], notified: (item: T) => T | undefined): T | readonly T[] | undefined {
  // No object of rtnetlink is an array.
  if (!Array.isArray(listed)) return notified(listed as T);
  return (listed as readonly T[]).map(notified).filter((item) => item !== undefined);
}

/** The same list with other items. */
export function mapped<A, B>(request: DumpRequest<A>, of: (item: A) => B | undefined): DumpRequest<B> {
  return {
    operation: request.operation,
    type: request.type,
    flags: request.flags,
    measure: () => request.measure(),
    encode: (out) => request.encode(out),
    decode(message: RawMessage) {
      const item = request.decode(message);
      return item === undefined ? undefined : of(item);
    },
  };
}

/** A link itself, and not what a bridge tells of a port of it. */
export function linkIn(event: RouteEvent): (RouteEvent & { readonly kind: 'link' }) | undefined {
  return event.kind === 'link' && event.link.family !== AF_BRIDGE ? event : undefined;
}

/** Whether the event is that of a link's end. A bridge says RTM_DELLINK, too, of a port that only leaves it. */
function deletedLink(event: RouteEvent): number | undefined {
  return event.event === 'delete' ? linkIn(event)?.link.index : undefined;
}

export function noticeOf<T>(event: RouteEvent, item: T): Notice<T> {
  return { type: event.event === 'new' ? 'set' : 'delete', item };
}

/** Objects of a link, which go with it; not each of them is notified then. */
export function noticeOn<T extends { readonly index: number }>(
  event: RouteEvent,
  item: T | undefined,
): Notice<T> | undefined {
  if (item !== undefined) return noticeOf(event, item);
  const deleted = deletedLink(event);
  return deleted === undefined ? undefined : { type: 'deleteIf', gone: ({ index }) => index === deleted };
}
