import type { DhcpClient, DhcpLease } from './dhcp-client.ts';
import type { GuestLink, GuestLinks, WantedLink } from './links.ts';
import type { GuestInterface } from './network-config.ts';

export interface ConfiguratorOptions {
  /** As its seed says at the moment. */
  readonly interfaces: () => readonly GuestInterface[];
  readonly links: GuestLinks;
  /** Starts a DHCP client on a device. */
  readonly dhcp: (device: string, onLease: (lease: DhcpLease | undefined) => void, onEnd: () => void) => DhcpClient;
  /** A lease came or went: time to look. */
  readonly onChanged: () => void;
  /** A DHCP client ended by itself: time to look after a while, lest one that cannot run is started for ever. */
  readonly onEnded: () => void;
  readonly log: (line: string) => void;
  /** Whatever its interfaces and its leases say of nameservers. */
  readonly onNameservers: (nameservers: readonly string[]) => void;
}

interface Client {
  /** The link it runs on. One that is plugged in again is another link, with another index. */
  readonly index: number;
  readonly client: DhcpClient;
  readonly lease?: DhcpLease;
}

/**
 * Keeps a guest's NICs as its network-config says. Level-based: whatever happened, it looks at all of them again, so a
 * NIC that was pulled and plugged in again is configured like a new one.
 */
export interface Configurator {
  /**
   * Looks at every NIC, in a look that begins after this call. Resolves with whether all is as wanted: if not, look again
   * after a while.
   */
  look(): Promise<boolean>;
  addresses(): readonly string[];
  stop(): void;
}

export function createConfigurator(options: ConfiguratorOptions): Configurator {
  const clients = new Map<string, Client>();
  const configured = new Map<string, readonly string[]>();
  let looking: Promise<boolean> = Promise.resolve(true);
  let queued: Promise<boolean> | undefined;

  const look = (): Promise<boolean> => {
    const begin = (): Promise<boolean> => {
      queued = undefined;
      looking = lookOnce();
      return looking;
    };
    queued ??= looking.then(begin, begin);
    return queued;
  };

  const setClient = (mac: string, client: Client | undefined): void => {
    if (client === undefined) clients.delete(mac);
    else clients.set(mac, client);
  };

  const lookOnce = async (): Promise<boolean> => {
    let settled = true;
    const links = new Map((await options.links.list()).map((link) => [link.mac, link]));
    const interfaces = options.interfaces();
    forgetOthers(interfaces, clients, configured);
    for (const wanted of interfaces) {
      const link = links.get(wanted.mac);
      await lookAt(wanted, link).catch((error: unknown) => {
        settled = false;
        options.log(`${wanted.name}: ${error instanceof Error ? error.message : String(error)}`);
      });
    }
    options.onNameservers(nameserversOf(interfaces, clients));
    return settled;
  };

  const lookAt = async (wanted: GuestInterface, link: GuestLink | undefined): Promise<void> => {
    const client = clients.get(wanted.mac);
    if (client !== undefined && client.index !== link?.index) {
      client.client.stop();
      setClient(wanted.mac, undefined);
    }
    if (link === undefined) {
      if (configured.delete(wanted.mac)) options.log(`${wanted.name} is unplugged`);
      return;
    }
    const want = wantedLink(wanted, clients.get(wanted.mac)?.lease);
    await options.links.configure(link.index, want);
    if (configured.get(wanted.mac)?.join() !== want.addresses.join()) {
      options.log(`${wanted.name} has ${want.addresses.join(', ') || 'no address yet'}`);
    }
    configured.set(wanted.mac, want.addresses);
    if (wanted.dhcp4 && !clients.has(wanted.mac)) startClient(wanted, link.index);
  };

  const startClient = (wanted: GuestInterface, index: number): void => {
    const isCurrent = (): boolean => clients.get(wanted.mac)?.client === client;
    const client = options.dhcp(
      wanted.name,
      (lease) => {
        if (!isCurrent()) return;
        setClient(wanted.mac, { index, client, ...(lease === undefined ? {} : { lease }) });
        options.onChanged();
      },
      () => {
        if (!isCurrent()) return;
        setClient(wanted.mac, undefined);
        options.onEnded();
      },
    );
    setClient(wanted.mac, { index, client });
  };

  return {
    look,
    addresses: () => [...configured.values()].flat(),
    stop: () => {
      for (const { client } of clients.values()) client.stop();
      clients.clear();
    },
  };
}

/** NICs that are none of the guest's any more. */
function forgetOthers(
  interfaces: readonly GuestInterface[],
  clients: Map<string, Client>,
  configured: Map<string, readonly string[]>,
): void {
  const own = new Set(interfaces.map(({ mac }) => mac));
  for (const [mac, { client }] of clients) {
    if (own.has(mac)) continue;
    client.stop();
    clients.delete(mac);
  }
  for (const mac of configured.keys()) if (!own.has(mac)) configured.delete(mac);
}

/** Static configuration and what the lease adds to it. */
export function wantedLink(wanted: GuestInterface, lease: DhcpLease | undefined): WantedLink {
  const mtu = wanted.mtu ?? lease?.mtu;
  const leased = lease === undefined ? [] : [`${lease.address}/${lease.prefix}`];
  const router = lease?.routers[0];
  return {
    name: wanted.name,
    ...(mtu === undefined ? {} : { mtu }),
    addresses: [...wanted.addresses, ...leased],
    routes: [
      ...wanted.routes,
      ...(router === undefined ? [] : [{ to: '0.0.0.0/0', via: router, ...metricOf(wanted) }]),
    ],
  };
}

function metricOf({ dhcp4Metric }: GuestInterface): { readonly metric?: number } {
  return dhcp4Metric === undefined ? {} : { metric: dhcp4Metric };
}

function nameserversOf(interfaces: readonly GuestInterface[], clients: ReadonlyMap<string, Client>): readonly string[] {
  const all = interfaces.flatMap((wanted) => [
    ...wanted.nameservers,
    ...(clients.get(wanted.mac)?.lease?.nameservers ?? []),
  ]);
  return [...new Set(all)];
}
