import { fdb } from '../rtnl/fdb.ts';
import type { FdbEntry } from '../rtnl/fdb-entry.ts';
import type { Link } from '../rtnl/link/link.ts';
import type { RouteEvent } from '../rtnl/route-message.ts';
import { RTNLGRP_LINK, RTNLGRP_NEIGH } from '../uapi/rtnetlink.ts';
import { linkIn, noticeOf, routeSource } from './route-source.ts';
import type { Notice, WatchSource } from './source.ts';

/**
 * What an entry is found by in the kernel. A bridge has one for a MAC and VLAN, whatever the port: when the MAC moves to
 * another one, only that is told, and the index is then that of the new port. A vxlan device has one destination for a
 * MAC, which may change; of a multicast or zero MAC it has a list of them.
 * Source: fdb_find of net/bridge/br_fdb.c, vxlan_fdb_update_existing of drivers/net/vxlan/vxlan_core.c.
 */
function fdbKey(entry: FdbEntry): string {
  const { index, master, where, vlan, sourceVni, mac, destination, vni, port, outgoing } = entry;
  if (master !== undefined && where === 'master') return [master, where, mac, vlan].join(' ');
  const key = [index, where, mac, vlan, sourceVni];
  const many = mac === '00:00:00:00:00:00' || (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
  return (many ? [...key, destination, vni, port, outgoing] : key).join(' ');
}

/**
 * Bridges and vxlan devices notify each change of theirs. The addresses that other devices let in (`self` as well) come
 * and go without a word, and have no age, by which they are told apart. Nor is it told that an entry aged out, only that
 * it went. Source: nlmsg_populate_fdb_fill of net/core/rtnetlink.c.
 */
function notified(entry: FdbEntry): FdbEntry | undefined {
  if (entry.where === 'self' && entry.cacheInfo === undefined) return undefined;
  return entry.state === 'stale' ? { ...entry, state: 'dynamic' } : entry;
}

/**
 * Each entry that goes with a port or device is told. But one for a MAC that two of a bridge's ports have, or a port and
 * the bridge itself, goes over to the other silently when the first one leaves or takes another MAC. So the list is read
 * again for an entry of a port that is none, and for one that the kernel made for a MAC (or bridge(8) did: `permanent`)
 * that its port has not. Source: fdb_delete_local of net/bridge/br_fdb.c.
 */
function notice(event: RouteEvent): Notice<FdbEntry> | undefined {
  if (event.kind === 'fdb') return noticeOf(event, event.fdb);
  const link = linkIn(event)?.link;
  if (link === undefined) return undefined;
  if (event.event === 'delete') {
    return { type: 'relistIf', stale: ({ index, master }) => index === link.index || master === link.index };
  }
  return { type: 'relistIf', stale: (entry) => entry.index === link.index && isDoubtful(entry, link) };
}

function isDoubtful({ index, master, mac, state }: FdbEntry, link: Link): boolean {
  if (master === undefined) return false;
  const isPort = master === index || master === link.master;
  return !isPort || (state === 'permanent' && mac !== link.mac);
}

/** Forwarding entries of bridges and vxlan devices; none of the addresses that other devices let in. */
export const fdbSource: WatchSource<FdbEntry> = routeSource<FdbEntry>({
  groups: [RTNLGRP_LINK, RTNLGRP_NEIGH],
  list: () => fdb.list(),
  key: fdbKey,
  notice,
  notified,
  noise: new Set(['cacheInfo', 'probes', 'unknown']),
});
