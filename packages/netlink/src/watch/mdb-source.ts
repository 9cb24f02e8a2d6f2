import { type Mdb, type MdbEntry, mdb } from '../rtnl/mdb.ts';
import { RTNLGRP_LINK, RTNLGRP_MDB } from '../uapi/rtnetlink.ts';
import { mapped, noticeOn, routeSource } from './route-source.ts';
import type { WatchSource } from './source.ts';

/** A multicast group that goes to a port or VTEP, and the bridge or vxlan device that knows it. */
export type WatchedMdbEntry = MdbEntry & {
  /** Of the bridge or vxlan device. */
  readonly index: number;
};

function entriesOf({ index, entries }: Mdb): readonly WatchedMdbEntry[] {
  return entries.map((entry) => ({ ...entry, index }));
}

/** A bridge has an entry for each port of a group, a vxlan device one for each VTEP. */
function keyOf(entry: WatchedMdbEntry): string {
  const { index, port, group, vlan, source, sourceVni, destination, destinationPort, vni, outgoing } = entry;
  return [index, port, group, vlan, source, sourceVni, destination, destinationPort, vni, outgoing].join(' ');
}

/** Without the times until sources go. */
function still({ sources, ...entry }: WatchedMdbEntry): object {
  return sources === undefined ? entry : { ...entry, sources: sources.map(({ address }) => address) };
}

/**
 * Entries of multicast databases; a notification tells one. Router ports are none of them.
 * Source: br_mdb_notify of net/bridge/br_mdb.c, vxlan_mdb_remote_notify of drivers/net/vxlan/vxlan_mdb.c.
 */
export const mdbSource: WatchSource<WatchedMdbEntry> = routeSource<WatchedMdbEntry>({
  groups: [RTNLGRP_LINK, RTNLGRP_MDB],
  list: () => mapped(mdb.list(), entriesOf),
  key: keyOf,
  notice(event) {
    const [entry] = event.kind === 'mdb' ? entriesOf(event.mdb) : [];
    return noticeOn(event, entry);
  },
  noise: new Set(['timer', 'unknown']),
  still,
});
