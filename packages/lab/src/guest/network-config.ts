import { parse } from 'yaml';
import type { GuestRoute } from './links.ts';

/** One interface of a guest, as its network-config document says. */
export interface GuestInterface {
  readonly mac: string;
  readonly name: string;
  readonly mtu?: number;
  readonly dhcp4: boolean;
  /** Of the default route that DHCP gives. */
  readonly dhcp4Metric?: number;
  /** `address/prefix` */
  readonly addresses: readonly string[];
  readonly routes: readonly GuestRoute[];
  readonly nameservers: readonly string[];
}

type Section = Readonly<Record<string, unknown>>;

/**
 * Reads the part of network-config version 2 that a lab's guest understands, and refuses the rest by name: a guest that
 * silently left something out would prove nothing.
 * @throws {Error} naming the key.
 */
export function parseNetworkConfig(text: string): readonly GuestInterface[] {
  const document = section(parse(text), 'network-config');
  const network = 'network' in document ? section(document['network'], 'network') : document;
  only(network, ['version', 'ethernets'], 'network');
  if (network['version'] !== 2) throw new Error(`network.version must be 2, not ${String(network['version'])}`);
  return Object.entries(section(network['ethernets'] ?? {}, 'ethernets')).map(([id, value]) =>
    parseEthernet(id, section(value, `ethernets.${id}`)),
  );
}

function parseEthernet(id: string, ethernet: Section): GuestInterface {
  const path = `ethernets.${id}`;
  only(
    ethernet,
    [
      'match',
      'set-name',
      'mtu',
      'dhcp4',
      'dhcp6',
      'dhcp4-overrides',
      'accept-ra',
      'addresses',
      'routes',
      'nameservers',
    ],
    path,
  );
  const match = section(ethernet['match'], `${path}.match`);
  only(match, ['macaddress'], `${path}.match`);
  const nameservers = section(ethernet['nameservers'] ?? {}, `${path}.nameservers`);
  const overrides = section(ethernet['dhcp4-overrides'] ?? {}, `${path}.dhcp4-overrides`);
  const metric = overrides['route-metric'];
  if (metric !== undefined && typeof metric !== 'number') throw new Error(`${path}: route-metric must be a number`);
  const mtu = ethernet['mtu'];
  if (mtu !== undefined && typeof mtu !== 'number') throw new Error(`${path}.mtu must be a number`);
  return {
    mac: string(match['macaddress'], `${path}.match.macaddress`).toLowerCase(),
    name: string(ethernet['set-name'] ?? id, `${path}.set-name`),
    ...(mtu === undefined ? {} : { mtu }),
    dhcp4: ethernet['dhcp4'] === true,
    ...(metric === undefined ? {} : { dhcp4Metric: metric }),
    addresses: strings(ethernet['addresses'], `${path}.addresses`),
    routes: list(ethernet['routes'], `${path}.routes`).map((entry, index) =>
      parseRoute(entry, `${path}.routes[${index}]`),
    ),
    nameservers: strings(nameservers['addresses'], `${path}.nameservers.addresses`),
  };
}

function parseRoute(entry: unknown, path: string): GuestRoute {
  const route = section(entry, path);
  only(route, ['to', 'via', 'metric'], path);
  const metric = route['metric'];
  if (metric !== undefined && typeof metric !== 'number') throw new Error(`${path}.metric must be a number`);
  const to = string(route['to'], `${path}.to`);
  return {
    to: to === 'default' ? '0.0.0.0/0' : to,
    via: string(route['via'], `${path}.via`),
    ...(metric === undefined ? {} : { metric }),
  };
}

function section(value: unknown, path: string): Section {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Section;
  throw new Error(`${path} must be a mapping`);
}

function only(value: Section, known: readonly string[], path: string): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new Error(`${path}.${unknown} is not understood by a namespace guest`);
}

function list(value: unknown, path: string): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw new Error(`${path} must be a list`);
}

function strings(value: unknown, path: string): readonly string[] {
  return list(value, path).map((entry, index) => string(entry, `${path}[${index}]`));
}

function string(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`${path} must be a text`);
}
