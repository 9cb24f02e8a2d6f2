import { type RawMessage, readBody } from '../message/message.ts';
import * as rtm from '../uapi/rtnetlink.ts';
import { AF_BRIDGE } from '../uapi/socket.ts';
import { type Address, addressBody, addressOf } from './address.ts';
import { type VlanDatabase, vlanDatabaseOf } from './bridge-vlan/database.ts';
import { vlanDatabaseBody } from './bridge-vlan/database-body.ts';
import { familyIn, IP_FAMILIES, isOf, ROUTE_FAMILIES, RULE_FAMILIES } from './family.ts';
import { fdbOf } from './fdb.ts';
import type { FdbEntry } from './fdb-entry.ts';
import { type GroupAddress, groupAddressBody, groupAddressOf } from './group-address.ts';
import { decodeLink, type Link } from './link/link.ts';
import { type Mdb, mdbOf } from './mdb.ts';
import { mdbBody } from './mdb-body.ts';
import { type Neighbour, neighbourOf } from './neighbour.ts';
import { fdbBody, neighbourBody } from './neighbour-body.ts';
import { type Netconf, netconfBody, netconfOf } from './netconf.ts';
import { type NetnsId, netnsIdBody, netnsIdOf } from './netns-id.ts';
import { nexthopBody } from './nexthop-body.ts';
import { bucketOf, type Nexthop, type NexthopBucket, nexthopOf } from './nexthop-value.ts';
import { routeBody } from './route-body.ts';
import { type Route, routeOf } from './route-value.ts';
import { type Rule, ruleOf } from './rule.ts';
import { ruleBody } from './rule-body.ts';
import { classBody, classOf, type TrafficClass } from './tc/class.ts';
import { filterBody, filterOf, type TrafficFilter } from './tc/filter.ts';
import { type Qdisc, qdiscBody, qdiscOf } from './tc/qdisc.ts';

type Notified =
  | { readonly kind: 'link'; readonly link: Link }
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'multicastAddress'; readonly groupAddress: GroupAddress }
  | { readonly kind: 'anycastAddress'; readonly groupAddress: GroupAddress }
  | { readonly kind: 'route'; readonly route: Route }
  | { readonly kind: 'rule'; readonly rule: Rule }
  | { readonly kind: 'neighbour'; readonly neighbour: Neighbour }
  | { readonly kind: 'fdb'; readonly fdb: FdbEntry }
  | { readonly kind: 'mdb'; readonly mdb: Mdb }
  | { readonly kind: 'vlan'; readonly vlan: VlanDatabase }
  | { readonly kind: 'nexthop'; readonly nexthop: Nexthop }
  | { readonly kind: 'nexthopBucket'; readonly bucket: NexthopBucket }
  | { readonly kind: 'netconf'; readonly netconf: Netconf }
  | { readonly kind: 'netnsId'; readonly netnsId: NetnsId }
  | { readonly kind: 'qdisc'; readonly qdisc: Qdisc }
  | { readonly kind: 'class'; readonly class: TrafficClass }
  | { readonly kind: 'filter'; readonly filter: TrafficFilter };

/** What a monitor of rtnetlink tells. `new` is also said when something changed. */
export type RouteEvent = { readonly event: 'new' | 'delete' } & Notified;

/** Undefined: another family's message of that number. */
type Decoder = (message: RawMessage) => Notified | undefined;

function of(families: ReadonlySet<number>, decode: Decoder): Decoder {
  return (message) => (isOf(families, message) ? decode(message) : undefined);
}

const link: Decoder = (message) => ({ kind: 'link', link: decodeLink(message) });
const address = of(IP_FAMILIES, (message) => ({
  kind: 'address',
  address: addressOf(readBody(addressBody, message)),
}));
const multicastAddress: Decoder = (message) => ({
  kind: 'multicastAddress',
  groupAddress: groupAddressOf(readBody(groupAddressBody, message)),
});
const anycastAddress: Decoder = (message) => ({
  kind: 'anycastAddress',
  groupAddress: groupAddressOf(readBody(groupAddressBody, message)),
});
const route = of(ROUTE_FAMILIES, (message) => ({ kind: 'route', route: routeOf(readBody(routeBody, message)) }));
const rule = of(RULE_FAMILIES, (message) => ({ kind: 'rule', rule: ruleOf(readBody(ruleBody, message)) }));

const ipNeighbour = of(IP_FAMILIES, (message) => ({
  kind: 'neighbour',
  neighbour: neighbourOf(readBody(neighbourBody, message)),
}));
const neighbour: Decoder = (message) =>
  familyIn(message) === AF_BRIDGE ? { kind: 'fdb', fdb: fdbOf(readBody(fdbBody, message)) } : ipNeighbour(message);
const mdb: Decoder = (message) => ({ kind: 'mdb', mdb: mdbOf(readBody(mdbBody, message)) });
const vlan: Decoder = (message) => ({ kind: 'vlan', vlan: vlanDatabaseOf(readBody(vlanDatabaseBody, message)) });
const nexthop: Decoder = (message) => ({ kind: 'nexthop', nexthop: nexthopOf(readBody(nexthopBody, message)) });
const bucket: Decoder = (message) => ({ kind: 'nexthopBucket', bucket: bucketOf(readBody(nexthopBody, message)) });
const netconf: Decoder = (message) => ({ kind: 'netconf', netconf: netconfOf(readBody(netconfBody, message)) });
const netnsId: Decoder = (message) => ({ kind: 'netnsId', netnsId: netnsIdOf(readBody(netnsIdBody, message)) });
const qdisc: Decoder = (message) => ({ kind: 'qdisc', qdisc: qdiscOf(readBody(qdiscBody, message)) });
const trafficClass: Decoder = (message) => ({ kind: 'class', class: classOf(readBody(classBody, message)) });
const filter: Decoder = (message) => ({ kind: 'filter', filter: filterOf(readBody(filterBody, message)) });

const decoders: Readonly<Record<number, readonly ['new' | 'delete', Decoder]>> = {
  [rtm.RTM_NEWLINK]: ['new', link],
  [rtm.RTM_DELLINK]: ['delete', link],
  [rtm.RTM_NEWADDR]: ['new', address],
  [rtm.RTM_DELADDR]: ['delete', address],
  [rtm.RTM_NEWMULTICAST]: ['new', multicastAddress],
  [rtm.RTM_DELMULTICAST]: ['delete', multicastAddress],
  [rtm.RTM_NEWANYCAST]: ['new', anycastAddress],
  [rtm.RTM_DELANYCAST]: ['delete', anycastAddress],
  [rtm.RTM_NEWROUTE]: ['new', route],
  [rtm.RTM_DELROUTE]: ['delete', route],
  [rtm.RTM_NEWRULE]: ['new', rule],
  [rtm.RTM_DELRULE]: ['delete', rule],
  [rtm.RTM_NEWNEIGH]: ['new', neighbour],
  [rtm.RTM_DELNEIGH]: ['delete', neighbour],
  [rtm.RTM_NEWMDB]: ['new', mdb],
  [rtm.RTM_DELMDB]: ['delete', mdb],
  [rtm.RTM_NEWVLAN]: ['new', vlan],
  [rtm.RTM_DELVLAN]: ['delete', vlan],
  [rtm.RTM_NEWNEXTHOP]: ['new', nexthop],
  [rtm.RTM_DELNEXTHOP]: ['delete', nexthop],
  [rtm.RTM_NEWNEXTHOPBUCKET]: ['new', bucket],
  [rtm.RTM_DELNEXTHOPBUCKET]: ['delete', bucket],
  [rtm.RTM_NEWNETCONF]: ['new', netconf],
  [rtm.RTM_DELNETCONF]: ['delete', netconf],
  [rtm.RTM_NEWNSID]: ['new', netnsId],
  [rtm.RTM_DELNSID]: ['delete', netnsId],
  [rtm.RTM_NEWQDISC]: ['new', qdisc],
  [rtm.RTM_DELQDISC]: ['delete', qdisc],
  [rtm.RTM_NEWTCLASS]: ['new', trafficClass],
  [rtm.RTM_DELTCLASS]: ['delete', trafficClass],
  [rtm.RTM_NEWTFILTER]: ['new', filter],
  [rtm.RTM_DELTFILTER]: ['delete', filter],
};

/** Decodes a notification; undefined for a type or a family that has no table. @throws {MalformedError} */
export function decodeRouteMessage(message: RawMessage): RouteEvent | undefined {
  const decoder = decoders[message.type];
  if (decoder === undefined) return undefined;
  const [event, decode] = decoder;
  const notified = decode(message);
  return notified === undefined ? undefined : { event, ...notified };
}
