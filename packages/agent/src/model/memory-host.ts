import { createHash } from 'node:crypto';
import { contains, overlaps, parseIpv4, parseSubnet, subnetOf } from '@kcore/contract';
import { keyOf } from './key.ts';
import { linkKey, needsOf } from './needs.ts';
import type { Address, FdbEntry, Link, NftElement, Resource, Route } from './resource.ts';

/** Refused as the kernel would, with the errno's name. */
export class MemoryHostError extends Error {
  override readonly name = 'MemoryHostError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const ETHERNET_MTU = 1500;
const NO_MAC = '00:00:00:00:00:00';

/**
 * The objects of a host and what the Linux kernel does to the others when one changes, as measured on 6.18. It knows
 * nothing of plans: it is what the planner's idea of the kernel is checked against.
 */
export class MemoryHost {
  readonly resources = new Map<string, Resource>();
  /** net.ipv4.conf.all.promote_secondaries: whether a secondary address outlives the primary one of its subnet. */
  promoteSecondaries = false;
  /** Bridges whose MTU was changed by hand, which therefore no longer follows their ports. */
  readonly #fixedMtu = new Set<string>();
  /** Bridges that were given a MAC, which therefore no longer follows their ports. */
  readonly #fixedMac = new Set<string>();

  link(name: string): Link | undefined {
    const link = this.resources.get(linkKey(name));
    return link?.kind === 'link' ? link : undefined;
  }

  /** Creates or, where it is there, replaces. */
  put(want: Resource): void {
    const missing = needsOf(want).find((need) => !this.resources.has(need));
    if (missing !== undefined) throw new MemoryHostError(want.kind.startsWith('nft') ? 'ENOENT' : 'ENODEV', missing);
    if (want.kind === 'link') this.#putLink(want);
    else {
      if (want.kind === 'fdb') this.#checkFdb(want);
      if (want.kind === 'route') this.#checkRoute(want);
      if (want.kind === 'nft-element') this.#checkElement(want);
      this.resources.set(keyOf(want), want);
    }
  }

  /** Deleting what is absent succeeds. */
  remove(key: string): void {
    const have = this.resources.get(key);
    if (have === undefined) return;
    if (have.kind === 'link') this.#removeLink(have);
    else if (have.kind === 'address') this.#removeAddress(have);
    else if (have.kind === 'nft-table') this.#removeTable(have.family, have.name);
    else this.#removeReferenced(key);
  }

  #putLink(want: Link): void {
    const before = this.link(want.name);
    if (before === undefined && want.type === 'foreign') throw new MemoryHostError('ENODEV', `no link ${want.name}`);
    if (before !== undefined && before.type !== want.type && want.type !== 'foreign') {
      throw new MemoryHostError('EEXIST', `${want.name} is a ${before.type}`);
    }
    if (want.type === 'bridge' && want.mac !== undefined) this.#fixedMac.add(want.name);
    // Only a change counts: neither the MTU of the message that creates a bridge, nor setting the one it has.
    if (before?.type === 'bridge' && want.mtu !== undefined && want.mtu !== before.mtu) this.#fixedMtu.add(want.name);
    const moved = before !== undefined && want.master !== undefined && want.master !== (before.master ?? null);
    const after = mergeLink(before ?? this.#fresh(want), want, moved);
    this.resources.set(linkKey(want.name), after);
    if (before === undefined) {
      this.#followPorts(after.master);
      return;
    }
    if (moved) this.#dropWhere((each) => each.kind === 'fdb' && each.table === 'bridge' && each.link === want.name);
    if (after.mac !== before.mac || (before.up === true && after.up === false)) this.#flush(want.name);
    if (moved || after.mtu !== before.mtu) {
      this.#followPorts(before.master);
      this.#followPorts(after.master);
    }
  }

  /** What a link has that nobody said anything about. */
  #fresh(want: Link): Link {
    const { port: _port, ...bare } = want;
    const parent = want.type === 'vlan' ? this.link(want.parent) : undefined;
    const hash = createHash('sha256').update(want.name).digest('hex');
    const mac = want.type === 'bridge' ? NO_MAC : (parent?.mac ?? `02:${hash.slice(0, 10).match(/../g)?.join(':')}`);
    const bridgeOptions = want.type === 'bridge' ? { stp: false, multicastSnooping: true } : {};
    const mtu = parent?.mtu ?? ETHERNET_MTU;
    const defaults = { mac, mtu, up: false, master: null, ipv6LinkLocal: true, forwarding: false, ...bridgeOptions };
    return { ...bare, ...defaults } as Link;
  }

  /** A bridge that was not told otherwise takes the least MTU and the lowest MAC of its ports. */
  #followPorts(master: string | null | undefined): void {
    const bridge = typeof master === 'string' ? this.link(master) : undefined;
    if (bridge?.type !== 'bridge') return;
    const ports = [...this.resources.values()].filter(
      (each): each is Link => each.kind === 'link' && each.master === bridge.name,
    );
    const mtu = this.#fixedMtu.has(bridge.name)
      ? bridge.mtu
      : Math.min(...(ports.length > 0 ? ports.map((port) => port.mtu ?? ETHERNET_MTU) : [ETHERNET_MTU]));
    const mac = this.#fixedMac.has(bridge.name)
      ? bridge.mac
      : (ports.map((port) => port.mac ?? NO_MAC).sort()[0] ?? NO_MAC);
    this.resources.set(linkKey(bridge.name), {
      ...bridge,
      ...(mtu === undefined ? {} : { mtu }),
      ...(mac === undefined ? {} : { mac }),
    });
    if (mac !== bridge.mac) this.#flush(bridge.name);
  }

  #removeLink(link: Link): void {
    this.resources.delete(linkKey(link.name));
    this.#fixedMtu.delete(link.name);
    this.#fixedMac.delete(link.name);
    this.#dropWhere((each) => each.kind !== 'link' && 'link' in each && each.link === link.name);
    for (const each of [...this.resources.values()]) {
      if (each.kind !== 'link') continue;
      if (each.type === 'vlan' && each.parent === link.name) this.#removeLink(each);
      else if (each.master === link.name) this.#putLink({ ...each, master: null });
    }
    this.#followPorts(link.master);
  }

  #removeAddress(address: Address): void {
    const onLink = [...this.resources.values()].filter(
      (each): each is Address => each.kind === 'address' && each.link === address.link,
    );
    const subnet = onLink.filter((each) => sameSubnet(each, address));
    this.resources.delete(keyOf(address));
    // The first of a subnet is its primary.
    const isPrimary = subnet[0] !== undefined && keyOf(subnet[0]) === keyOf(address);
    if (isPrimary && !this.promoteSecondaries) for (const each of subnet) this.resources.delete(keyOf(each));
    if (!onLink.some((each) => this.resources.has(keyOf(each)))) this.#flush(address.link);
  }

  /** Neighbours, permanent ones too, and the routes of all tables. */
  #flush(link: string): void {
    this.#dropWhere((each) => (each.kind === 'neighbour' || each.kind === 'route') && each.link === link);
  }

  #removeTable(family: string, name: string): void {
    this.#dropWhere(
      (each) =>
        (each.kind === 'nft-table' && each.family === family && each.name === name) ||
        ('table' in each && 'family' in each && each.family === family && each.table === name),
    );
  }

  #removeReferenced(key: string): void {
    const have = this.resources.get(key);
    if (have?.kind === 'nft-set') {
      this.#dropWhere((each) => each.kind === 'nft-element' && needsOf(each).includes(key));
    }
    const user = [...this.resources.values()].find((each) => keyOf(each) !== key && needsOf(each).includes(key));
    if (user !== undefined && have?.kind.startsWith('nft'))
      throw new MemoryHostError('EBUSY', `${key} is used by ${keyOf(user)}`);
    this.resources.delete(key);
  }

  #dropWhere(matches: (resource: Resource) => boolean): void {
    for (const [key, resource] of this.resources) if (matches(resource)) this.resources.delete(key);
  }

  #checkFdb(entry: FdbEntry): void {
    const link = this.link(entry.link);
    if (entry.table === 'vxlan' && link?.type !== 'vxlan') throw new MemoryHostError('EOPNOTSUPP', entry.link);
    if (entry.table === 'bridge' && typeof link?.master !== 'string') throw new MemoryHostError('EINVAL', entry.link);
  }

  #checkRoute(route: Route): void {
    const { link, via } = route;
    if (link === undefined) return;
    if (this.link(link)?.up !== true) throw new MemoryHostError('ENETDOWN', link);
    // The addresses of others are facts and not resources, so what is on their links is not known here.
    if (via === undefined || this.link(link)?.owned === false) return;
    const onLink = [...this.resources.values()].some(
      (each) =>
        each.kind === 'address' &&
        each.link === link &&
        contains(subnetOf(parseIpv4(each.address), each.prefix), parseIpv4(via)),
    );
    if (!onLink) throw new MemoryHostError('EHOSTUNREACH', `next hop ${via} is not on ${link}`);
  }

  #checkElement(element: NftElement): void {
    const key = keyOf(element);
    const there = this.resources.get(key);
    if (there?.kind === 'nft-element' && there.value?.join() !== element.value?.join()) {
      throw new MemoryHostError('EEXIST', key);
    }
    const [subnet] = element.key;
    if (subnet?.includes('/') !== true) return;
    for (const each of this.resources.values()) {
      if (each.kind !== 'nft-element' || each.set !== element.set || keyOf(each) === key) continue;
      const other = each.key[0];
      if (other !== undefined && overlaps(parseSubnet(other), parseSubnet(subnet)))
        throw new MemoryHostError('EEXIST', keyOf(each));
    }
  }
}

function sameSubnet(a: Address, b: Address): boolean {
  const network = ({ address, prefix }: Address): number => subnetOf(parseIpv4(address), prefix).network;
  return a.prefix === b.prefix && network(a) === network(b);
}

const FRESH_PORT = { learning: true, neighSuppress: false, hairpin: false } as const;

/** A port that moves to another bridge starts anew there. */
function mergeLink(before: Link, want: Link, moved: boolean): Link {
  const { type: _type, ...settings } = want;
  const merged = { ...before, ...(want.type === 'foreign' ? settings : want), owned: before.owned } as Link;
  const altNames = [...new Set([...(before.altNames ?? []), ...(want.altNames ?? [])])];
  const base = moved || before.port === undefined ? FRESH_PORT : before.port;
  const { port: _port, altNames: _names, ...rest } = merged;
  return {
    ...rest,
    ...(altNames.length > 0 ? { altNames } : {}),
    ...(typeof merged.master === 'string' ? { port: { ...base, ...want.port } } : {}),
  } as Link;
}
