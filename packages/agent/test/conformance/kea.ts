import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DhcpBoot, DhcpNetwork } from '../../src/model/dhcp-network.ts';
import { Running } from './process.ts';
import { type Program, programOf } from './programs.ts';
import type { Place, Subject } from './subject.ts';
import { ipBytes } from './wire-format.ts';

type Json = Record<string, unknown>;

/** RFC 3442: prefix length, as many bytes of the destination as it covers, the router. Kea 2.2 takes it as bytes only. */
function classless(network: DhcpNetwork): string {
  const routes = [...(network.routes ?? [])];
  if (network.router !== undefined) routes.push({ destination: '0.0.0.0/0', via: network.router });
  const parts = routes.map(({ destination, via }) => {
    const [address = '', length = ''] = destination.split('/');
    const bytes = ipBytes(address).subarray(0, Math.ceil(Number(length) / 8));
    return Buffer.concat([Buffer.of(Number(length)), bytes, ipBytes(via)]);
  });
  return Buffer.concat(parts).toString('hex');
}

function optionData(network: DhcpNetwork): Json[] {
  const { router, dns, domain, mtu, search, ntp } = network;
  const named: (readonly [string, string | undefined])[] = [
    ['routers', router],
    ['domain-name-servers', dns.length > 0 ? dns.join(', ') : undefined],
    ['domain-name', domain],
    ['interface-mtu', mtu?.toString()],
    ['domain-search', search?.join(', ')],
    ['ntp-servers', ntp?.join(', ')],
  ];
  const raw = [...network.options];
  if (network.routes !== undefined) {
    raw.push({ code: 121, hex: classless(network) }, { code: 249, hex: classless(network) });
  }
  return [
    ...named.flatMap(([name, data]) => (data === undefined ? [] : [{ name, data }])),
    ...raw.map(({ code, hex }) => ({ code, space: 'dhcp4', 'csv-format': false, data: hex })),
  ];
}

function bootClasses(boot: DhcpBoot): Json[] {
  const server = boot.server === undefined ? {} : { 'next-server': boot.server };
  const ipxe = "substring(option[77].hex,0,4) == 'iPXE'";
  const kinds: (readonly [string, string, string | undefined])[] = [
    ['bios', '0x0000', boot.bios],
    ['x64-7', '0x0007', boot.uefiX64],
    ['x64-9', '0x0009', boot.uefiX64],
    ['arm64', '0x000b', boot.uefiArm64],
    ['http-x64', '0x0010', boot.httpX64],
    ['http-arm64', '0x0013', boot.httpArm64],
  ];
  const http = [{ name: 'vendor-class-identifier', data: 'HTTPClient', 'always-send': true }];
  return [
    ...(boot.ipxe === undefined ? [] : [{ name: 'ipxe', test: ipxe, 'boot-file-name': boot.ipxe, ...server }]),
    ...kinds.flatMap(([name, architecture, file]) =>
      file === undefined
        ? []
        : [
            {
              name,
              test: `option[93].hex == ${architecture} and not (${ipxe})`,
              'boot-file-name': file,
              ...server,
              ...(name.startsWith('http') ? { 'option-data': http } : {}),
            },
          ],
    ),
  ];
}

/** ISC's Kea with its leases in a file, set up as one would for virtual machines: by MAC address. */
export class Kea implements Subject {
  readonly name = 'Kea';
  readonly shortestLease = 1;
  readonly storePath: string;
  readonly #place: Place;
  readonly #program: Program = programOf('kea-dhcp4');
  readonly #configuration: string;
  #running: Running | undefined;

  constructor(place: Place) {
    this.#place = place;
    this.storePath = join(place.directory, 'kea-leases4.csv');
    this.#configuration = join(place.directory, 'kea.json');
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
    this.#write(networks);
    const places = { KEA_PIDFILE_DIR: this.#place.directory, KEA_LOCKFILE_DIR: this.#place.directory };
    const command = [this.#program.program, '-c', this.#configuration];
    this.#running = new Running(this.#place.namespace, command, { ...this.#program.environment, ...places });
    if ((await this.#running.line(/DHCP4_STARTED/, 15_000)) === undefined) {
      const said = this.lines.slice(-5).join('\n');
      await this.end();
      throw new Error(`Kea did not start: ${said}`);
    }
  }

  async change(networks: readonly DhcpNetwork[]): Promise<void> {
    this.#write(networks);
    const from = this.lines.length;
    this.#running?.child.kill('SIGHUP');
    await this.#running?.line(/DHCP4_DYNAMIC_RECONFIGURATION_SUCCESS|DHCP4_CONFIG_COMPLETE/, 5000, from);
  }

  async forget(): Promise<void> {}

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    return (await this.#running?.end(signal)) ?? null;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  #write(networks: readonly DhcpNetwork[]): void {
    const boots = networks.flatMap(({ boot }) => (boot === undefined ? [] : bootClasses(boot)));
    const configuration = {
      Dhcp4: {
        'interfaces-config': { interfaces: networks.map(({ link }) => link), 'dhcp-socket-type': 'raw' },
        'lease-database': { type: 'memfile', persist: true, name: this.storePath, 'lfc-interval': 0 },
        authoritative: true,
        'match-client-id': false,
        'multi-threading': { 'enable-multi-threading': false },
        ...(boots.length === 0 ? {} : { 'client-classes': boots }),
        subnet4: networks.map((network, index) => this.#subnet(network, index + 1)),
        loggers: [{ name: 'kea-dhcp4', severity: 'INFO', output_options: [{ output: 'stdout', flush: true }] }],
      },
    };
    writeFileSync(this.#configuration, JSON.stringify(configuration, undefined, 2));
  }

  #subnet(network: DhcpNetwork, id: number): Json {
    const { range, leaseSeconds, serverAddress, prefix, link, bindings, reservations } = network;
    return {
      id,
      subnet: `${serverAddress}/${prefix}`,
      interface: link,
      'valid-lifetime': leaseSeconds,
      pools: range === undefined ? [] : [{ pool: `${range.start} - ${range.end}` }],
      'option-data': optionData(network),
      reservations: [...bindings, ...reservations].map(({ mac, address, hostname }) => ({
        'hw-address': mac,
        'ip-address': address,
        ...(hostname === undefined ? {} : { hostname }),
      })),
    };
  }
}
