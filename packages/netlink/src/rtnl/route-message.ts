import { type RawMessage, readBody } from '../message/message.ts';
import {
  RTM_DELADDR,
  RTM_DELLINK,
  RTM_DELNEIGH,
  RTM_DELNETCONF,
  RTM_DELROUTE,
  RTM_DELRULE,
  RTM_NEWADDR,
  RTM_NEWLINK,
  RTM_NEWNEIGH,
  RTM_NEWNETCONF,
  RTM_NEWROUTE,
  RTM_NEWRULE,
} from '../uapi/rtnetlink.ts';
import { AF_BRIDGE } from '../uapi/socket.ts';
import { type Address, addressBody, addressOf } from './address.ts';
import { type FdbEntry, fdbOf } from './fdb.ts';
import { decodeLink, type Link } from './link/link.ts';
import { type Neighbour, neighbourOf } from './neighbour.ts';
import { neighbourBody } from './neighbour-body.ts';
import { type Netconf, netconfBody, netconfOf } from './netconf.ts';
import { type Route, routeBody, routeOf } from './route.ts';
import { type Rule, ruleBody, ruleOf } from './rule.ts';

type Notified =
  | { readonly kind: 'link'; readonly link: Link }
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'route'; readonly route: Route }
  | { readonly kind: 'rule'; readonly rule: Rule }
  | { readonly kind: 'neighbour'; readonly neighbour: Neighbour }
  | { readonly kind: 'fdb'; readonly fdb: FdbEntry }
  | { readonly kind: 'netconf'; readonly netconf: Netconf };

/** What a monitor of rtnetlink tells. `new` is also said when something changed. */
export type RouteEvent = { readonly event: 'new' | 'delete' } & Notified;

const decoders: Readonly<Record<number, readonly ['new' | 'delete', (message: RawMessage) => Notified]>> = {
  [RTM_NEWLINK]: ['new', link],
  [RTM_DELLINK]: ['delete', link],
  [RTM_NEWADDR]: ['new', address],
  [RTM_DELADDR]: ['delete', address],
  [RTM_NEWROUTE]: ['new', route],
  [RTM_DELROUTE]: ['delete', route],
  [RTM_NEWRULE]: ['new', rule],
  [RTM_DELRULE]: ['delete', rule],
  [RTM_NEWNEIGH]: ['new', neighbour],
  [RTM_DELNEIGH]: ['delete', neighbour],
  [RTM_NEWNETCONF]: ['new', netconf],
  [RTM_DELNETCONF]: ['delete', netconf],
};

/** Decodes a notification; undefined for a type that has no table. @throws {MalformedError} */
export function decodeRouteMessage(message: RawMessage): RouteEvent | undefined {
  const decoder = decoders[message.type];
  if (decoder === undefined) return undefined;
  const [event, decode] = decoder;
  return { event, ...decode(message) };
}

function link(message: RawMessage): Notified {
  return { kind: 'link', link: decodeLink(message) };
}

function address(message: RawMessage): Notified {
  return { kind: 'address', address: addressOf(readBody(addressBody, message)) };
}

function route(message: RawMessage): Notified {
  return { kind: 'route', route: routeOf(readBody(routeBody, message)) };
}

function rule(message: RawMessage): Notified {
  return { kind: 'rule', rule: ruleOf(readBody(ruleBody, message)) };
}

function neighbour(message: RawMessage): Notified {
  const read = readBody(neighbourBody, message);
  if (read.header.family === AF_BRIDGE) return { kind: 'fdb', fdb: fdbOf(read) };
  return { kind: 'neighbour', neighbour: neighbourOf(read) };
}

function netconf(message: RawMessage): Notified {
  return { kind: 'netconf', netconf: netconfOf(readBody(netconfBody, message)) };
}
