import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DhcpBoot, DhcpNetwork } from '../../src/model/dhcp-network.ts';
import { Running } from './process.ts';
import { type Program, programOf } from './programs.ts';
import type { Place, Subject } from './subject.ts';

const maskOf = (prefix: number): string =>
  [24, 16, 8, 0].map((shift) => ((0xffffffff << (32 - prefix)) >>> shift) & 255).join('.');
const colons = (hex: string): string => hex.match(/../g)?.join(':') ?? '';

function options(network: DhcpNetwork, tag: string): string[] {
  const { router, dns, domain, mtu, search, ntp, routes } = network;
  const classless = routes?.flatMap(({ destination, via }) => [destination, via]) ?? [];
  const both = [...classless, ...(classless.length > 0 && router !== undefined ? ['0.0.0.0/0', router] : [])].join(',');
  const values: (readonly [string, string | undefined])[] = [
    ['3', router ?? ''],
    ['6', dns.length > 0 ? dns.join(',') : undefined],
    ['15', domain],
    ['26', mtu?.toString()],
    ['option:domain-search', search?.join(',')],
    ['42', ntp?.join(',')],
    ['121', both === '' ? undefined : both],
    ['249', both === '' ? undefined : both],
    ...network.options.map(({ code, hex }) => [`${code}`, colons(hex)] as const),
  ];
  return values.flatMap(([code, value]) => (value === undefined ? [] : [`--dhcp-option=tag:${tag},${code},${value}`]));
}

/** Architectures of option 93 with the file each gets. */
function bootOptions(boot: DhcpBoot): string[] {
  const server = boot.server ?? '';
  const kinds: (readonly [number, string | undefined])[] = [
    [0, boot.bios],
    [7, boot.uefiX64],
    [9, boot.uefiX64],
    [11, boot.uefiArm64],
    [16, boot.httpX64],
    [19, boot.httpArm64],
  ];
  const byArchitecture = kinds.flatMap(([architecture, file]) =>
    file === undefined
      ? []
      : [
          `--dhcp-match=set:arch${architecture},option:client-arch,${architecture}`,
          `--dhcp-boot=tag:arch${architecture},tag:!ipxe,${file},,${server}`,
        ],
  );
  const chained = boot.ipxe === undefined ? [] : [`--dhcp-boot=tag:ipxe,${boot.ipxe},,${server}`];
  return [
    ...['--dhcp-userclass=set:ipxe,iPXE', '--dhcp-vendorclass=set:http,HTTPClient'],
    '--dhcp-option-force=tag:http,60,HTTPClient',
    ...byArchitecture,
    ...chained,
  ];
}

/** dnsmasq, set up as one would for virtual machines: by MAC address, interfaces that may come and go. */
export class Dnsmasq implements Subject {
  readonly name = 'dnsmasq';
  readonly shortestLease = 120;
  readonly storePath: string;
  readonly #place: Place;
  readonly #program: Program = programOf('dnsmasq');
  readonly #hosts: string;
  #running: Running | undefined;

  constructor(place: Place) {
    this.#place = place;
    this.storePath = join(place.directory, 'dnsmasq.leases');
    this.#hosts = join(place.directory, 'dnsmasq.hosts');
  }

  get version(): string {
    return this.#program.version;
  }

  get lines(): readonly string[] {
    return this.#running?.lines ?? [];
  }

  get pid(): number {
    return this.#running?.pid ?? 0;
  }

  get alive(): boolean {
    return this.#running !== undefined && !this.#running.ended;
  }

  async start(networks: readonly DhcpNetwork[]): Promise<void> {
    this.#writeHosts(networks);
    const command = [this.#program.program, ...this.#arguments(networks)];
    this.#running = new Running(this.#place.namespace, command, this.#program.environment);
    if ((await this.#running.line(/started, version/, 10_000)) === undefined) {
      throw new Error(`dnsmasq did not start: ${this.lines.join('\n')}`);
    }
  }

  /** Its reservations are read again at SIGHUP; everything else is fixed. */
  async change(networks: readonly DhcpNetwork[]): Promise<void> {
    this.#writeHosts(networks);
    const from = this.lines.length;
    this.#running?.child.kill('SIGHUP');
    await this.#running?.line(/read .*dnsmasq\.hosts/, 5000, from);
  }

  async forget(): Promise<void> {}

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    return (await this.#running?.end(signal)) ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  #writeHosts(networks: readonly DhcpNetwork[]): void {
    const known = networks.flatMap(({ bindings, reservations }) => [...bindings, ...reservations]);
    writeFileSync(
      this.#hosts,
      known.map(({ mac, address, hostname }) => `${[mac, address, hostname].filter(Boolean).join(',')}\n`).join(''),
    );
  }

  #arguments(networks: readonly DhcpNetwork[]): string[] {
    const common = [
      ...['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--user=root', '--log-facility=-'],
      ...['--no-resolv', '--no-hosts', '--no-poll', '--port=0', '--except-interface=lo', '--bind-dynamic'],
      ...['--dhcp-authoritative', '--dhcp-no-override', '--dhcp-ignore-clid', '--dhcp-lease-max=70000'],
      ...[`--dhcp-leasefile=${this.storePath}`, `--dhcp-hostsfile=${this.#hosts}`],
    ];
    const each = networks.flatMap((network, index) => {
      const tag = `net${index}`;
      const { start = network.serverAddress, end = 'static' } = network.range ?? {};
      return [
        `--interface=${network.link}`,
        `--dhcp-range=set:${tag},${start},${end},${maskOf(network.prefix)},${network.leaseSeconds}s`,
        ...options(network, tag),
        ...(network.boot === undefined ? [] : bootOptions(network.boot)),
        ...(network.rapidCommit === true ? ['--dhcp-rapid-commit'] : []),
      ];
    });
    const quick = networks.every(({ probe }) => probe === false) ? ['--no-ping'] : [];
    return [...common, ...quick, ...each];
  }
}
