import { afterEach, beforeEach, expect, test } from 'vitest';
import { Kcore } from '../conformance/kcore.ts';
import { Running } from '../conformance/process.ts';
import { network, Stage } from '../conformance/stage.ts';
import { reply } from '../conformance/verdict.ts';

/** What kcore's server does beyond the cases of the conformance table, for unmodified clients. */

const A = '52:54:00:00:00:0a';
const B = '52:54:00:00:00:0b';

let stage: Stage<Kcore>;
beforeEach(async () => {
  stage = await Stage.open('own', (place) => new Kcore(place));
});
afterEach(() => stage[Symbol.asyncDispose]());

test('R-04, R-44: tcpdump reads what udhcpc is told: MTU, domain, the name of its binding, right sums', async () => {
  const bindings = [{ mac: A, address: '10.78.0.50', hostname: 'web-01' }];
  await stage.serve({ bindings, mtu: 1450, domain: 'kcore.internal' });
  const guest = await stage.guest('a', A);
  await using tcpdump = stage.keep(new Witness(guest.namespace));
  await tcpdump.ready;
  const bound = await guest.udhcpc('-q', '-n', '-O', 'mtu', '-O', 'hostname').event('bound');
  expect(bound).toMatchObject({ address: '10.78.0.50', mtu: '1450', hostname: 'web-01', lease: '43200' });
  const seen = await tcpdump.packets(/DHCP-Message \(53\), length 1: ACK/);
  const replies = seen.filter((packet) => packet.includes('10.78.0.1.67 > '));
  expect(replies).toHaveLength(2);
  for (const packet of replies) {
    expect(packet).toContain(`> ${A}, ethertype IPv4`);
    expect(packet).toContain('10.78.0.1.67 > 10.78.0.50.68: [udp sum ok]');
    expect(packet).toMatch(/Domain-Name \(15\), length 14: "kcore.internal"/);
  }
});

/** tcpdump on a guest's eth0. */
class Witness implements AsyncDisposable {
  readonly #running: Running;

  constructor(namespace: string) {
    this.#running = new Running(namespace, ['tcpdump', '-i', 'eth0', '-l', '-n', '-e', '-vv', 'udp']);
  }

  get ready(): Promise<unknown> {
    return this.#running.line(/listening on/, 10_000);
  }

  /** All packets until one has this in it; the first line of each is not indented. */
  async packets(last: RegExp): Promise<string[]> {
    await this.#running.line(last, 10_000);
    return this.#running.lines.join('\n').split(/\n(?=\S)/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.end();
  }
}

test('R-15: with bindings only, an unknown client hears nothing', async () => {
  await stage.serve({ bindingsOnly: true, bindings: [{ mac: A, address: '10.78.0.50' }] });
  const wire = await stage.wire();
  expect((await wire.lease(A))?.address).toBe('10.78.0.50');
  await wire.say({ type: 'discover', mac: B });
  // A second message of the client that is known: what came before it has been read.
  expect(reply(await wire.renew(A, '10.78.0.50'))).toBe('ack 10.78.0.50');
  expect(wire.frames.filter(({ message }) => message.mac === B)).toEqual([]);
});

test('R-51: a bridge that was down and is up again is served again', async () => {
  await stage.serve();
  const wire = await stage.wire();
  expect((await wire.lease(A))?.address).toBe('10.78.0.100');
  await stage.server('ip link set dev br0 down');
  expect(await wire.ask({ type: 'discover', mac: B }, {}, 1)).toBeUndefined();
  await stage.server('ip link set dev br0 up');
  expect((await wire.lease(B))?.address).toBe('10.78.0.101');
});

test('R-44: an udhcpc whose binding changes is refused at renewal and has the new address at once', async () => {
  const at = (address: string) => network({ bindings: [{ mac: A, address }] });
  await stage.serve(at('10.78.0.50'));
  const guest = await stage.guest('a', A);
  const client = guest.udhcpc();
  expect((await client.event('bound'))?.['address']).toBe('10.78.0.50');
  await stage.subject.change([at('10.78.0.60')]);
  const mark = client.mark;
  // SIGUSR1: renew now, not at half of the lease.
  client.running.child.kill('SIGUSR1');
  expect((await client.event('bound', mark))?.['address']).toBe('10.78.0.60');
  expect(client.events).toEqual(['deconfig', 'bound', 'nak', 'deconfig', 'bound']);
});

/** So many questions of the server for an address are lost on their way to guest b; the later ones arrive. */
const losing = (questions: number): string =>
  `nft add table bridge lossy
   nft add chain bridge lossy output '{ type filter hook output priority 0; }'
   nft add rule bridge lossy output oifname p-b arp operation request limit rate 1/day burst ${questions} packets drop`;

test('RFC 5227: the question that goes with the OFFER finds who was not heard before; the client is refused and begins anew', async () => {
  await stage.serve({ probe: true, range: { start: '10.78.0.100', end: '10.78.0.101' } });
  const [a, b] = await Promise.all([stage.guest('a', A), stage.guest('b', B)]);
  await b.run('ip address add 10.78.0.100/24 dev eth0');
  await stage.server(losing(2));
  const client = a.udhcpc('-q', '-n');
  expect((await client.event('bound'))?.['address']).toBe('10.78.0.101');
  expect(client.events).toEqual(['deconfig', 'nak', 'bound']);
  expect(await stage.subject.event('AddressInUse')).toContain(`10.78.0.100 is used by ${B}`);
});

test('RFC 5227: an address that somebody uses after all is told, and stays with the client that was given it', async () => {
  await stage.serve({ probe: true, range: { start: '10.78.0.100', end: '10.78.0.101' } });
  const [a, b] = await Promise.all([stage.guest('a', A), stage.guest('b', B)]);
  expect((await a.udhcpc('-q', '-n').event('bound'))?.['address']).toBe('10.78.0.100');
  await b.run('ip address add 10.78.0.100/24 dev eth0; busybox arping -U -c 1 -I eth0 10.78.0.100 || true');
  expect(await stage.subject.event('AddressInUse')).toContain(`leased to ${A}, but ${B} uses it as well`);
  expect([...(await stage.subject.leases())]).toEqual([[A, '10.78.0.100']]);
});
