import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inNamespace, Running } from './process.ts';
import { programOf } from './programs.ts';

/** What a client says of its lease: address, mask, router, dns (blank separated), lease (seconds). */
export type Told = Readonly<Record<string, string>>;

const SECONDS = 1000;
const PATIENCE = 40 * SECONDS;

/** Prints what happened in one line, and configures the address as a system's own script would. */
const UDHCPC_SCRIPT = `#!/bin/sh
case "$1" in
  bound|renew) ip address replace "$ip/$mask" dev "$interface" ;;
  deconfig) ip link set dev "$interface" up; ip -4 address flush dev "$interface" ;;
esac
echo "event $1 address=$ip mask=$subnet router=$router dns=$dns lease=$lease mtu=$mtu hostname=$hostname"
`;

/** dhclient's and dhcpcd's scripts are told the same names. */
const ISC_SCRIPT = `#!/bin/sh
case "$reason" in
  PREINIT) ip link set dev "$interface" up ;;
  BOUND|RENEW|REBIND|REBOOT)
    [ -z "$new_ip_address" ] || ip address replace "$new_ip_address/24" dev "$interface" ;;
  EXPIRE|FAIL|STOP|RELEASE|NAK) ip -4 address flush dev "$interface" ;;
esac
echo "event $reason address=$new_ip_address mask=$new_subnet_mask router=$new_routers dns=$new_domain_name_servers lease=$new_dhcp_lease_time"
`;

const DHCLIENT_CONF = `timeout 30; retry 2; select-timeout 0; initial-interval 1; backoff-cutoff 2; reboot 4;
request subnet-mask, routers, domain-name-servers, interface-mtu;
`;

const DHCPCD_CONF = `noarp
noipv4ll
timeout 30
option subnet_mask, routers, domain_name_servers, interface_mtu
`;

const NETWORK_FILE = `[Match]
Name=eth0
[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no
`;

/**
 * What systemd-networkd finds on a machine that systemd has started, made in its own mount namespace: a writable /run,
 * a read-only /sys (else it waits for udev for ever), and its user.
 */
const NETWORKD = (directory: string, program: string): string => `
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/network /run/systemd/netif/leases /run/systemd/netif/links /run/systemd/netif/lldp
cp ${directory}/eth0.network /run/systemd/network/
if ! getent passwd systemd-network >/dev/null; then
  (cat /etc/passwd; echo systemd-network:x:998:998::/:/usr/sbin/nologin) > /run/passwd
  (cat /etc/group; echo systemd-network:x:998:) > /run/group
  mount --bind /run/passwd /etc/passwd
  mount --bind /run/group /etc/group
fi
chown -R systemd-network /run/systemd/netif
mount -o remount,ro,bind /sys
exec ${program}
`;

function told(line: string): { event: string; values: Told } | undefined {
  const found = /^event (\S+) (.*)$/.exec(line);
  if (found === null) return undefined;
  const pairs = (found[2] ?? '').matchAll(/(\w+)=(.*?)(?= \w+=|$)/g);
  return {
    event: found[1] ?? '',
    values: Object.fromEntries([...pairs].map(([, key = '', value = '']) => [key, value])),
  };
}

/** A DHCP client that runs, and what it has told its script. */
export class Client {
  readonly running: Running;

  constructor(running: Running) {
    this.running = running;
  }

  /** Events so far: `bound`, `nak`, … */
  get events(): string[] {
    return this.running.lines.flatMap((line) => told(line)?.event ?? []);
  }

  /** The first of these events, or undefined when it does not come in time. */
  async event(pattern: string, from = 0, patience = PATIENCE): Promise<Told | undefined> {
    const line = await this.running.line(new RegExp(`^event (?:${pattern}) .*$`), patience, from);
    return line === undefined ? undefined : told(line[0])?.values;
  }

  /** How far the output is: events from here on are new. */
  get mark(): number {
    return this.running.lines.length;
  }
}

interface GuestOptions {
  readonly namespace: string;
  readonly mac: string;
  readonly directory: string;
}

/** A machine with one NIC, eth0, that runs unmodified DHCP clients. */
export class Guest implements AsyncDisposable {
  readonly namespace: string;
  readonly mac: string;
  readonly directory: string;
  readonly #running: Running[] = [];

  constructor({ namespace, mac, directory }: GuestOptions) {
    this.namespace = namespace;
    this.mac = mac;
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, 'udhcpc'), UDHCPC_SCRIPT, { mode: 0o755 });
    writeFileSync(join(directory, 'isc'), ISC_SCRIPT, { mode: 0o755 });
    writeFileSync(join(directory, 'dhclient.conf'), DHCLIENT_CONF);
    writeFileSync(join(directory, 'dhcpcd.conf'), DHCPCD_CONF);
    writeFileSync(join(directory, 'eth0.network'), NETWORK_FILE);
  }

  run(script: string): Promise<string> {
    return inNamespace(this.namespace, script);
  }

  /** busybox's client. */
  udhcpc(...more: string[]): Client {
    const common = ['-i', 'eth0', '-f', '-s', join(this.directory, 'udhcpc'), '-t', '8', '-T', '2'];
    return this.#client(['udhcpc', ...common, ...more]);
  }

  /** ISC's client; its lease file stays when it is started again. */
  dhclient(): Client {
    const { program, environment } = programOf('dhclient');
    const file = (name: string): string => join(this.directory, name);
    const files = ['-cf', file('dhclient.conf'), '-lf', this.dhclientLeases, '-pf', file('pid'), '-sf', file('isc')];
    return this.#client([program, '-4', '-d', '-v', ...files, 'eth0'], environment);
  }

  get dhclientLeases(): string {
    return join(this.directory, 'dhclient.leases');
  }

  /** Roy Marples's client; what it keeps is in a mount namespace of its own. */
  dhcpcd(): Client {
    const { program, environment } = programOf('dhcpcd');
    const options = `-B -4 -f ${join(this.directory, 'dhcpcd.conf')} -c ${join(this.directory, 'isc')} eth0`;
    const script = `mount -t tmpfs tmpfs /run; mkdir -p /run/lib; mkdir -p /var/lib/dhcpcd 2>/dev/null || true
      mount -t tmpfs tmpfs /var/lib; mkdir -p /var/lib/dhcpcd; exec ${program} ${options}`;
    return this.#client(['sh', '-ec', script], environment);
  }

  /** systemd-networkd; resolves with what it keeps of its lease. */
  async networkd(): Promise<Told | undefined> {
    const { program, environment } = programOf('networkd');
    const running = new Running(this.namespace, ['sh', '-ec', NETWORKD(this.directory, program)], {
      ...environment,
      SYSTEMD_LOG_LEVEL: 'debug',
    });
    this.#running.push(running);
    const index = (await this.run('cat /sys/class/net/eth0/ifindex')).trim();
    const path = `/proc/${running.pid}/root/run/systemd/netif/leases/${index}`;
    for (const until = Date.now() + PATIENCE; Date.now() < until && !running.ended; await sleep(100)) {
      const lease = await readFile(path, 'utf8').catch(() => '');
      const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(lease)?.[1] ?? '';
      if (value('ADDRESS') === '') continue;
      return {
        address: value('ADDRESS'),
        mask: value('NETMASK'),
        router: value('ROUTER'),
        dns: value('DNS'),
        lease: value('LIFETIME'),
      };
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map((running) => running.end()));
  }

  #client(command: readonly string[], environment: NodeJS.ProcessEnv = {}): Client {
    const running = new Running(this.namespace, command, environment);
    this.#running.push(running);
    return new Client(running);
  }
}
