import type { Workplace } from '../support/workplace.ts';

/** The server's address is .0.1; 65,275 addresses are leased from what follows the first 256. */
export const SUBNET = { server: '10.77.0.1', prefix: 16, netmask: '255.255.0.0', network: '10.77.0.0' } as const;
export const RANGE = { first: '10.77.1.0', last: '10.77.255.250' } as const;
export const BRIDGE = 'br0';
export const LEASE_SECONDS = 43_200;
/** perfdhcp is a relay agent, and needs an address. */
export const RELAY_ADDRESS = '10.77.0.2';

/** A bridge in one namespace, and a port of it, eth0, in another, where the clients are. Both by their paths. */
export interface Segment {
  readonly server: string;
  readonly clients: string;
}

export async function withSegment<T>(workplace: Workplace, use: (segment: Segment) => Promise<T>): Promise<T> {
  const server = await workplace.createNetns('dhcp-s');
  const clients = await workplace.createNetns('dhcp-c');
  const batch = (netns: string, ...lines: string[]): Promise<unknown> =>
    workplace.run(['ip', '-batch', '-'], { netns, input: lines.map((line) => `${line}\n`).join('') });
  try {
    await batch(
      server,
      'link set lo up',
      `link add ${BRIDGE} type bridge`,
      `address add ${SUBNET.server}/${SUBNET.prefix} dev ${BRIDGE}`,
      `link add p0 type veth peer name eth0 netns ${clients}`,
      `link set p0 master ${BRIDGE} up`,
      `link set ${BRIDGE} up`,
    );
    await batch(
      clients,
      'link set lo up',
      `address add ${RELAY_ADDRESS}/${SUBNET.prefix} dev eth0`,
      'link set eth0 up',
    );
    return await use({ server, clients });
  } finally {
    await workplace.deleteNetns(clients);
    await workplace.deleteNetns(server);
  }
}
