import {
  AF_INET,
  addresses,
  type Connection,
  type Link,
  links,
  NETLINK_ROUTE,
  openConnection,
  openMonitor,
  type Request,
  RT_TABLE_MAIN,
  RTNLGRP_LINK,
  RTPROT_KERNEL,
  routes,
} from '@kcore/netlink';
import type { GuestLinks, WantedLink } from './links.ts';

export interface KernelGuestLinks extends GuestLinks {
  /** Yields whenever a link of the namespace came, went or changed. */
  changes(): AsyncIterable<unknown>;
}

/** The links of the network namespace this process is in; its loopback is switched on. */
export async function openGuestLinks(): Promise<KernelGuestLinks> {
  // The monitor is open before the first look, so that nothing between them goes unseen.
  const monitor = await openMonitor({ protocol: NETLINK_ROUTE, groups: [RTNLGRP_LINK] });
  const connection = await openConnection({ protocol: NETLINK_ROUTE });
  await connection.request(links.change({ name: 'lo' }, { flags: { up: true } }));
  return {
    list: async () => {
      const { items } = await connection.dump(links.list());
      return items.map(({ index, name = '', mac = '' }) => ({ index, name, mac }));
    },
    configure: (index, wanted) => configure(connection, index, wanted),
    changes: () => monitor,
  };
}

async function configure(connection: Connection, index: number, wanted: WantedLink): Promise<void> {
  const link = await connection.request(links.get({ index }));
  if (link === undefined) return;
  for (const request of linkChanges(link, wanted)) await connection.request(request);
  for (const request of await addressChanges(connection, index, wanted)) await connection.request(request);
  for (const request of await routeChanges(connection, index, wanted)) await connection.request(request);
}

function linkChanges(link: Link, wanted: WantedLink): readonly Request<void>[] {
  const { index } = link;
  const requests: Request<void>[] = [];
  const renamed = link.name !== wanted.name;
  const up = link.flags.up === true;
  // Older kernels rename a link only while it is down.
  if (renamed && up) requests.push(links.change({ index }, { flags: { up: false } }));
  if (renamed) requests.push(links.change({ index }, { name: wanted.name }));
  if (wanted.mtu !== undefined && link.mtu !== wanted.mtu) requests.push(links.change({ index }, { mtu: wanted.mtu }));
  if (renamed || !up) requests.push(links.change({ index }, { flags: { up: true } }));
  return requests;
}

async function addressChanges(
  connection: Connection,
  index: number,
  wanted: WantedLink,
): Promise<readonly Request<void>[]> {
  const { items } = await connection.dump(addresses.list({ family: AF_INET, index }));
  const have = new Set(items.map(({ address, prefix }) => `${address}/${prefix}`));
  const want = new Set(wanted.addresses);
  const gone = items.filter(({ address, prefix }) => !want.has(`${address}/${prefix}`));
  const missing = [...want].filter((text) => !have.has(text)).map(parsePrefixed);
  return [
    ...gone.map(({ address, prefix }) => addresses.delete({ index, address, prefix })),
    ...missing.map(({ address, prefix }) => addresses.create({ index, address, prefix })),
  ];
}

async function routeChanges(
  connection: Connection,
  index: number,
  wanted: WantedLink,
): Promise<readonly Request<void>[]> {
  const { items } = await connection.dump(routes.list({ family: AF_INET, table: RT_TABLE_MAIN, outgoing: index }));
  const own = items.filter(({ protocol }) => protocol !== RTPROT_KERNEL);
  const text = (to: string, via = '-', metric = 0): string => `${to} ${via} ${metric}`;
  const have = new Set(own.map(({ destination, via, metric }) => text(destination, via, metric)));
  const want = new Set(wanted.routes.map(({ to, via, metric }) => text(to, via, metric)));
  const gone = own.filter(({ destination, via, metric }) => !want.has(text(destination, via, metric)));
  const missing = wanted.routes.filter(({ to, via, metric }) => !have.has(text(to, via, metric)));
  return [
    ...gone.map(({ destination, metric = 0 }) => routes.delete({ destination, metric, outgoing: index })),
    ...missing.map(({ to, via, metric = 0 }) => routes.create({ destination: to, via, metric, outgoing: index })),
  ];
}

function parsePrefixed(text: string): { readonly address: string; readonly prefix: number } {
  const [address = '', prefix = '32'] = text.split('/');
  return { address, prefix: Number(prefix) };
}
