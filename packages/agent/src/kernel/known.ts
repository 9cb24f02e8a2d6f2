import {
  type Address,
  AF_BRIDGE,
  AF_INET,
  type FdbEntry,
  type Link,
  type Neighbour,
  type Netconf,
  type Route,
  type RouteEvent,
  RT_TABLE_LOCAL,
  type Rule,
} from '@kcore/netlink';
import { nameOf } from './observe-link.ts';
import { isOwnedLink, isOwnedRule } from './ownership.ts';
import type { Snapshot } from './snapshot.ts';

/** More than any host that this could work on has; then everything is looked at anew. */
const MOST = 500_000;

/**
 * What was last seen of everything that kcore looks at, as text by a key. Netlink notifies of much that changes nothing
 * (an address's lifetime, a link's carrier, learned neighbours): only what differs from this is a reason to look again.
 */
export class Known {
  readonly #values = new Map<string, string>();
  readonly #names = new Map<number, string>();
  readonly #owned = new Set<number>();

  /** Takes what a look at the host has found for what is known. */
  learn(snapshot: Snapshot): void {
    this.#values.clear();
    this.#names.clear();
    this.#owned.clear();
    for (const link of snapshot.links) this.#noteLink(link);
    for (const link of snapshot.links) this.#values.set(linkKey(link), this.#linkText(link));
    for (const address of snapshot.addresses) this.#values.set(addressKey(address), addressText(address));
    for (const entry of snapshot.neighbours) this.#learnNeighbour(entry);
    for (const entry of snapshot.fdb) if (isConfigured(entry)) this.#values.set(fdbKey(entry), fdbText(entry));
    for (const route of snapshot.routes)
      if (route.table !== RT_TABLE_LOCAL) this.#values.set(routeKey(route), routeText(route));
    for (const rule of snapshot.rules) if (isOwnedRule(rule)) this.#values.set(ruleKey(rule), 'there');
    this.#values.set(forwardingKey('all'), snapshot.ipForward ? '1' : '0');
  }

  /** What an event changed, as `link eno1 changed`; undefined for one that changed nothing that matters. */
  notice(event: RouteEvent): string | undefined {
    switch (event.kind) {
      case 'link':
        return this.#noticeLink(event.event, event.link);
      case 'address':
        if (event.address.family !== AF_INET) return undefined;
        return this.#compare(event.event, addressKey(event.address), addressText(event.address), () => {
          const { address, prefix, index } = event.address;
          return `address ${this.#name(index)} ${address}/${prefix}`;
        });
      case 'neighbour':
        return this.#noticeNeighbour(event.event, event.neighbour);
      case 'fdb':
        return this.#noticeFdb(event.event, event.fdb);
      case 'route':
        return this.#noticeRoute(event.event, event.route);
      case 'rule':
        if (event.rule.family !== AF_INET || !isOwnedRule(event.rule)) return undefined;
        return this.#compare(event.event, ruleKey(event.rule), 'there', () => ruleKey(event.rule));
      case 'netconf':
        return this.#noticeForwarding(event.event, event.netconf);
    }
  }

  #learnNeighbour(entry: Neighbour): void {
    if (entry.state.permanent === true && this.#owned.has(entry.index)) {
      this.#values.set(neighbourKey(entry), entry.mac ?? '');
    }
  }

  #noteLink(link: Link): void {
    this.#names.set(link.index, nameOf(link));
    if (isOwnedLink(link)) this.#owned.add(link.index);
    else this.#owned.delete(link.index);
  }

  #noticeLink(event: 'new' | 'delete', link: Link): string | undefined {
    if (link.family === AF_BRIDGE) return event === 'new' ? this.#noticePort(link) : undefined;
    if (event === 'new') this.#noteLink(link);
    const text = this.#compare(event, linkKey(link), this.#linkText(link), () => `link ${nameOf(link)}`);
    if (event === 'delete') this.#forgetLink(link.index);
    return text;
  }

  /** What a bridge tells of a port comes as a link of a family of its own; when it leaves, the link itself says so. */
  #noticePort(link: Link): string | undefined {
    const text = portText(link);
    if (text === undefined || this.#values.get(portKey(link)) === text) return undefined;
    this.#values.set(portKey(link), text);
    return `link ${this.#name(link.index)} changed`;
  }

  /** The kernel says nothing of what went with a link. */
  #forgetLink(index: number): void {
    this.#names.delete(index);
    this.#owned.delete(index);
    for (const key of this.#values.keys()) if (key.includes(` #${index} `)) this.#values.delete(key);
  }

  #noticeNeighbour(event: 'new' | 'delete', entry: Neighbour): string | undefined {
    if (entry.family !== AF_INET || !this.#owned.has(entry.index)) return undefined;
    const key = neighbourKey(entry);
    const permanent = entry.state.permanent === true;
    // A deleted permanent entry is told as one that failed; of one that was never known, nothing is lost.
    return this.#compare(
      permanent ? event : 'delete',
      key,
      entry.mac ?? '',
      () => `neighbour ${this.#name(entry.index)} ${entry.address}`,
    );
  }

  #noticeFdb(event: 'new' | 'delete', entry: FdbEntry): string | undefined {
    if (!this.#owned.has(entry.index)) return undefined;
    const key = fdbKey(entry);
    const configured = isConfigured(entry);
    return this.#compare(configured ? event : 'delete', key, fdbText(entry), () => {
      const table = entry.where === 'self' ? 'vxlan' : 'bridge';
      return `fdb ${table} ${this.#name(entry.index)} ${entry.mac} ${entry.destination ?? '-'}`;
    });
  }

  #noticeRoute(event: 'new' | 'delete', route: Route): string | undefined {
    if (route.family !== AF_INET || route.table === RT_TABLE_LOCAL || route.flags.cloned === true) return undefined;
    const text = (): string => `route ${route.table} ${route.destination} ${route.metric ?? 0}`;
    return this.#compare(event, routeKey(route), routeText(route), text);
  }

  #noticeForwarding(event: 'new' | 'delete', settings: Netconf): string | undefined {
    if (event === 'delete' || settings.family !== AF_INET || settings.forwarding === undefined) return undefined;
    if (settings.of === 'default') return undefined;
    const key = forwardingKey(settings.of);
    const value = String(settings.forwarding);
    if (typeof settings.of === 'number' && !this.#values.has(key)) return undefined;
    if (this.#values.get(key) === value) return undefined;
    this.#values.set(key, value);
    const name = settings.of === 'all' ? 'all' : this.#name(settings.of);
    return `forwarding of ${name} switched ${settings.forwarding === 0 ? 'off' : 'on'}`;
  }

  #compare(event: 'new' | 'delete', key: string, value: string, text: () => string): string | undefined {
    const before = this.#values.get(key);
    if (event === 'delete') {
      if (!this.#values.delete(key)) return undefined;
      return `${text()} deleted`;
    }
    if (before === value) return undefined;
    if (this.#values.size < MOST) this.#values.set(key, value);
    return `${text()} ${before === undefined ? 'created' : 'changed'}`;
  }

  #name(index: number): string {
    return this.#names.get(index) ?? `#${index}`;
  }

  /** All that observe reads of a link. Forwarding and port settings are told in other ways as well: they have own keys. */
  #linkText(link: Link): string {
    const forwarding = link.addressFamilies?.ipv4?.conf?.forwarding;
    if (forwarding !== undefined) this.#values.set(forwardingKey(link.index), String(forwarding));
    const port = portText(link);
    if (port !== undefined) this.#values.set(portKey(link), port);
    const { name, mac, mtu, master, alias, group, kind, data, properties, addressFamilies } = link;
    return JSON.stringify([
      name,
      mac,
      mtu,
      master,
      alias,
      group,
      kind,
      link.flags.up,
      isOwnedLink(link) ? settingsOf(data) : null,
      port,
      properties?.altNames,
      addressFamilies?.ipv6?.addressGeneration,
    ]);
  }
}

/** Without what counts by itself: timers of bridges, queues of taps. */
function settingsOf(data: Link['data']): unknown {
  if (data === undefined || data instanceof Uint8Array) return null;
  const { vni, local, port, learning, multicastSnooping, stpState, id, owner, vnetHeader, multiQueue } =
    data as Readonly<Record<string, unknown>>;
  return [vni, local, port, learning, multicastSnooping, stpState, id, owner, vnetHeader, multiQueue];
}

function portText({ port }: Link): string | undefined {
  return port === undefined ? undefined : JSON.stringify([port.learning, port.neighSuppress, port.hairpin]);
}

function portKey({ index }: Link): string {
  return `port #${index} `;
}

function isConfigured({ where, state }: FdbEntry): boolean {
  return where === 'self' ? state === 'permanent' : state === 'static';
}

function linkKey({ index }: Link): string {
  return `link #${index} `;
}

function addressKey({ index, address, prefix }: Address): string {
  return `address #${index} ${address}/${prefix}`;
}

function addressText({ scope, peer }: Address): string {
  return `${scope} ${peer ?? ''}`;
}

function neighbourKey({ index, address }: Neighbour): string {
  return `neighbour #${index} ${address}`;
}

function fdbKey({ where, index, mac, destination }: FdbEntry): string {
  return `fdb ${where} #${index} ${mac} ${destination ?? '-'}`;
}

function fdbText({ state }: FdbEntry): string {
  return state;
}

function routeKey({ table, destination, metric }: Route): string {
  return `route ${table} ${destination} ${metric ?? 0}`;
}

function routeText({ type, via, outgoing, protocol }: Route): string {
  return `${type} ${via ?? ''} ${outgoing ?? ''} ${protocol}`;
}

function ruleKey({ priority, table, from, incomingLink }: Rule): string {
  return `rule ${priority} ${table} ${from ?? '-'} ${incomingLink ?? '-'}`;
}

function forwardingKey(of: number | 'all'): string {
  return of === 'all' ? 'forwarding all' : `forwarding #${of} `;
}
