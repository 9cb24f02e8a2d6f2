import { type Connection, NETLINK_NETFILTER, NETLINK_ROUTE, type Netns, openConnection } from '@kcore/netlink';

/** A socket a protocol for requests, and one more for dumps, so that looking does not wait behind a long deletion. */
export interface Sockets extends AsyncDisposable {
  readonly route: Connection;
  readonly routeDumps: Connection;
  readonly netfilter: Connection;
  readonly netns: Netns | undefined;
}

/** @throws {SystemError} EPERM, EPROTONOSUPPORT: the kernel has no nfnetlink. */
export async function openSockets(netns?: Netns): Promise<Sockets> {
  const opened: Connection[] = [];
  const open = async (protocol: number): Promise<Connection> => {
    const connection = await openConnection({ protocol, ...(netns === undefined ? {} : { netns }) });
    opened.push(connection);
    return connection;
  };
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((connection) => connection[Symbol.asyncDispose]()));
  };
  try {
    const route = await open(NETLINK_ROUTE);
    const routeDumps = await open(NETLINK_ROUTE);
    const netfilter = await open(NETLINK_NETFILTER);
    return { route, routeDumps, netfilter, netns, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
