import { type RawMessage, readBody } from '../message/message.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../uapi/netlink.ts';
import { IPCTNL_MSG_CT_DELETE, IPCTNL_MSG_CT_NEW } from '../uapi/nfnetlink-conntrack.ts';
import { type ConntrackEntry, entryBody, entryOf } from './entry.ts';
import { conntrackType } from './message-type.ts';

/**
 * What a monitor of the groups NFNLGRP_CONNTRACK_NEW, _UPDATE and _DESTROY tells. An update has what changed, a destroyed
 * entry its last counters and, with timestamps, its end.
 */
export interface ConntrackEvent {
  readonly event: 'new' | 'update' | 'destroy';
  readonly entry: ConntrackEntry;
}

/** Decodes a notification; undefined for one that is not about an entry. @throws {MalformedError} */
export function decodeConntrackMessage(message: RawMessage): ConntrackEvent | undefined {
  const event = eventOf(message);
  return event === undefined ? undefined : { event, entry: entryOf(readBody(entryBody, message)) };
}

/** New and changed entries come as one type; the flags tell which it is. */
function eventOf({ type, flags }: RawMessage): ConntrackEvent['event'] | undefined {
  if (type === conntrackType(IPCTNL_MSG_CT_DELETE)) return 'destroy';
  if (type !== conntrackType(IPCTNL_MSG_CT_NEW)) return undefined;
  return (flags & (NLM_F_CREATE | NLM_F_EXCL)) !== 0 ? 'new' : 'update';
}
