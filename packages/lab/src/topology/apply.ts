import { open } from 'node:fs/promises';
import {
  addresses,
  type Connection,
  IN6_ADDR_GEN_MODE_NONE,
  links,
  NETLINK_ROUTE,
  NetlinkError,
  openConnection,
  routes,
} from '@kcore/netlink';
import type { Wiring } from './wiring.ts';

const NO_LINK_LOCAL = { ipv6: { addressGeneration: IN6_ADDR_GEN_MODE_NONE } } as const;

/** Makes a wiring in the namespace at that path. @throws {NetlinkError} */
export async function applyWiring(netns: string, wirings: readonly Wiring[]): Promise<void> {
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns });
  for (const wiring of wirings) await apply(connection, wiring);
}

/** Deleting the absent succeeds. */
export async function deleteLinks(netns: string, names: readonly string[]): Promise<void> {
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns });
  for (const name of names) {
    try {
      await connection.request(links.delete({ name }));
    } catch (error) {
      if (!(error instanceof NetlinkError) || error.code !== 'ENODEV') throw error;
    }
  }
}

async function apply(connection: Connection, wiring: Wiring): Promise<void> {
  switch (wiring.kind) {
    case 'bridge':
      await connection.request(links.create({ kind: 'bridge', name: wiring.name, data: { multicastSnooping: false } }));
      return switchOn(connection, wiring.name);
    case 'wire':
      return wire(connection, wiring);
    case 'address': {
      const index = await indexOf(connection, wiring.link);
      const { address, prefix } = wiring;
      return connection.request(addresses.create({ index, address, prefix }));
    }
    case 'up':
      return switchOn(connection, wiring.link);
    case 'default-route':
      return connection.request(routes.create({ destination: '0.0.0.0/0', via: wiring.via }));
  }
}

/** The other end is named as it is made: a moment later it is in a namespace that this connection does not see. */
async function wire(connection: Connection, wiring: Extract<Wiring, { kind: 'wire' }>): Promise<void> {
  const { name, master, peer } = wiring;
  const namespace = await open(peer.netns);
  try {
    const data = { peer: { name: peer.name, netnsFd: namespace.fd } };
    await connection.request(links.create({ kind: 'veth', name, data }));
  } finally {
    await namespace.close();
  }
  await connection.request(links.change({ name }, { master: await indexOf(connection, master) }));
  await switchOn(connection, name);
}

/** Without IPv6 link-local addresses, whose solicitations only disturb who listens on the wire. */
async function switchOn(connection: Connection, name: string): Promise<void> {
  if (name !== 'lo') await connection.request(links.change({ name }, { addressFamilies: NO_LINK_LOCAL }));
  await connection.request(links.change({ name }, { flags: { up: true } }));
}

async function indexOf(connection: Connection, name: string): Promise<number> {
  const link = await connection.request(links.get({ name }));
  if (link === undefined) throw new Error(`the kernel knows no link ${name}, nor says so`);
  return link.index;
}
