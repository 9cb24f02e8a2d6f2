import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { formatIpv4 } from '@kcore/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { optionOf } from '../../src/dhcp/codec/options.ts';
import { MESSAGE_TYPE } from '../../src/dhcp/codec/packet.ts';
import { systemClock } from '../../src/loop/system-clock.ts';
import type { DhcpNetwork } from '../../src/model/dhcp-network.ts';
import { DhcpLab } from '../support/dhcp-lab.ts';

const MAC = '52:54:00:0b:9d:9f';
const OTHER = '52:54:00:00:00:02';

function network(over: Partial<DhcpNetwork> = {}): DhcpNetwork {
  return {
    network: 'lan',
    link: 'br0',
    serverAddress: '10.78.0.1',
    prefix: 24,
    range: { start: '10.78.0.100', end: '10.78.0.199' },
    leaseSeconds: 43200,
    router: '10.78.0.1',
    dns: ['1.1.1.1', '8.8.8.8'],
    domain: 'kcore.internal',
    mtu: 1450,
    options: [],
    bindings: [],
    reservations: [],
    bindingsOnly: false,
    ...over,
  };
}

let lab: DhcpLab;
beforeEach(({ task }) => {
  lab = new DhcpLab(`d${task.id.replaceAll(/[^0-9]/g, '').slice(-4)}`);
  lab.bridge('br0', '10.78.0.1/24');
});
afterEach(() => lab[Symbol.asyncDispose]());

describe('an unmodified udhcpc', () => {
  test('R-04, facts 1: gets an address of the range, mask, router, DNS, MTU and 12 h, in unicast frames with right sums', async () => {
    const client = lab.client('a', 'br0', MAC);
    await lab.start([network()]);
    let bound: unknown;
    const seen = await lab.witness(client, 'eth0', async () => {
      bound = await lab.lease(client, '-O', 'mtu');
    });
    expect(bound).toEqual({
      event: 'bound',
      values: {
        ip: '10.78.0.100',
        mask: '255.255.255.0',
        router: '10.78.0.1',
        dns: '1.1.1.1 8.8.8.8',
        domain: 'kcore.internal',
        lease: '43200',
        serverid: '10.78.0.1',
        mtu: '1450',
        hostname: '',
      },
    });
    const replies = seen.split(/\n(?=\S)/).filter((packet) => packet.includes('10.78.0.1.67 > '));
    expect(replies).toHaveLength(2);
    for (const packet of replies) {
      expect(packet).toContain(`> ${MAC}, ethertype IPv4`);
      expect(packet).toContain('10.78.0.1.67 > 10.78.0.100.68: [udp sum ok]');
    }
  });

  test('facts 2: that asks for broadcast gets broadcast', async () => {
    const client = lab.client('a', 'br0', MAC);
    await lab.start([network()]);
    const seen = await lab.witness(client, 'eth0', () => lab.lease(client, '-B'));
    expect(
      seen.match(/> ff:ff:ff:ff:ff:ff, ethertype IPv4.*\n.*10\.78\.0\.1\.67 > 255\.255\.255\.255\.68: \[udp sum ok\]/g),
    ).toHaveLength(2);
  });

  test('R-44: with a binding gets that address, whatever client identifier it sends', async () => {
    const client = lab.client('a', 'br0', MAC);
    const bindings = [{ mac: MAC, address: '10.78.0.50', hostname: 'web-01' }];
    await lab.start([network({ bindings })]);
    for (const id of ['01aabbccddeeff', 'ff00112233445566778899aabbccddeeff0011']) {
      const bound = await lab.lease(client, '-x', `0x3d:${id}`);
      expect([bound?.values['ip'], bound?.values['hostname']]).toEqual(['10.78.0.50', 'web-01']);
    }
    expect(lab.server.leases()).toHaveLength(1);
  });

  test('facts 8: that renews does so by unicast, is answered by unicast, and its expiry moves', async () => {
    const client = lab.client('a', 'br0', MAC);
    await lab.start([network()]);
    const seen: string[] = [];
    let first = '';
    const wire = await lab.witness(client, 'eth0', async () => {
      const { child, events } = lab.follow(client);
      for await (const { event } of events) {
        seen.push(event);
        if (event === 'renew') child.kill('SIGKILL');
        if (event !== 'bound') continue;
        first = lab.server.leases()[0]?.expiresAt ?? '';
        await systemClock.sleep(10);
        // SIGUSR1: renew now, not at half of the lease.
        child.kill('SIGUSR1');
      }
    });
    expect(seen).toEqual(['deconfig', 'bound', 'renew']);
    expect((lab.server.leases()[0]?.expiresAt ?? '') > first).toBe(true);
    expect(lab.server.counters().get('lan')).toMatchObject({ discover: 1, request: 2, ack: 2, nak: 0 });
    expect(wire).toContain('10.78.0.100.68 > 10.78.0.1.67');
    expect(wire.match(/10\.78\.0\.1\.67 > 10\.78\.0\.100\.68: \[udp sum ok\]/g)).toHaveLength(3);
  });

  test('facts 17: whose binding changed is refused at renewal and has the new address at once', async () => {
    const client = lab.client('a', 'br0', MAC);
    const at = (address: string): DhcpNetwork => network({ bindings: [{ mac: MAC, address }] });
    await lab.start([at('10.78.0.50')]);
    const { child, events } = lab.follow(client);
    const seen: string[] = [];
    for await (const { event, values } of events) {
      seen.push(event === 'bound' ? `bound ${values['ip']}` : event);
      if (event !== 'bound') continue;
      if (seen.includes('nak')) break;
      await lab.server.setNetworks([at('10.78.0.60')]);
      child.kill('SIGUSR1');
    }
    child.kill('SIGKILL');
    expect(seen).toEqual(['deconfig', 'bound 10.78.0.50', 'nak', 'deconfig', 'bound 10.78.0.60']);
  });

  test('facts 10: that releases leaves its address to who asks for it', async () => {
    const [a, b] = [lab.client('a', 'br0', MAC), lab.client('b', 'br0', OTHER)];
    await lab.start([network()]);
    const { child, events } = lab.follow(a, '-R');
    for await (const { event } of events) if (event === 'bound') break;
    child.kill('SIGTERM');
    for (let wait = 0; lab.server.leases().length > 0 && wait < 50; wait++) await systemClock.sleep(20);
    expect(lab.server.leases()).toEqual([]);
    expect((await lab.lease(b, '-r', '10.78.0.100'))?.values['ip']).toBe('10.78.0.100');
  });

  test('facts 12: is not given an address that somebody uses', async () => {
    const [a, b] = [lab.client('a', 'br0', MAC), lab.client('b', 'br0', OTHER)];
    lab.sh(b, 'ip address add 10.78.0.100/24 dev eth0');
    await lab.start([network()]);
    expect((await lab.lease(a))?.values['ip']).toBe('10.78.0.101');
    expect(lab.events).toEqual(['AddressInUse lan']);
  });
});

test('facts 34: one MAC on two bridges has two leases; nothing leaves on a link that is not asked on', async () => {
  lab.bridge('br1', '10.79.0.1/24');
  const [a, b] = [lab.client('a', 'br0', MAC), lab.client('b', 'br1', MAC)];
  const foreign = lab.client('c', 'br1', OTHER);
  lab.sh(lab.serverNamespace, 'ip route add default via 10.79.0.9');
  await lab.start([
    network(),
    network({
      network: 'two',
      link: 'br1',
      serverAddress: '10.79.0.1',
      range: { start: '10.79.0.7', end: '10.79.0.9' },
    }),
  ]);
  let first: unknown;
  const seen = await lab.witness(foreign, 'eth0', async () => {
    first = await lab.lease(a, '-B');
  });
  expect(seen.trim()).toBe('');
  expect(first).toMatchObject({ values: { ip: '10.78.0.100' } });
  expect(await lab.lease(b)).toMatchObject({ values: { ip: '10.79.0.7' } });
});

test('R-51, facts 35: a bridge deleted and made again under the server is served again', async () => {
  const first = lab.client('a', 'br0', MAC);
  await lab.start([network()]);
  expect((await lab.lease(first))?.values['ip']).toBe('10.78.0.100');
  lab.sh(lab.serverNamespace, 'ip link delete br0');
  lab.bridge('br0', '10.78.0.1/24');
  const second = lab.client('b', 'br0', OTHER);
  expect((await lab.lease(second))?.values['ip']).toBe('10.78.0.101');
});

test('a bridge that was down and is up again is served again', async () => {
  const client = lab.client('a', 'br0', MAC);
  await lab.start([network()]);
  lab.sh(lab.serverNamespace, 'ip link set dev br0 down');
  expect(await (await lab.raw(client)).ask({ type: 'discover', mac: OTHER }, 300)).toBeUndefined();
  lab.sh(lab.serverNamespace, 'ip link set dev br0 up');
  expect((await lab.lease(client))?.values['ip']).toBe('10.78.0.100');
});

test('R-52, facts 4, 5, 6: a restarted server knows its leases: INIT-REBOOT is confirmed, what is wrong refused', async () => {
  const client = lab.client('a', 'br0', MAC);
  await lab.start([network({ probe: false })]);
  const raw = await lab.raw(client);
  const offer = await raw.ask({ type: 'discover', mac: OTHER });
  const requested = formatIpv4(offer?.packet.yiaddr ?? 0);
  await raw.ask({ type: 'request', mac: OTHER, requested, server: '10.78.0.1' });
  await lab.stop();
  await lab.start([network({ probe: false })]);
  const reboot = async (mac: string, address: string): Promise<string> => {
    const reply = await raw.ask({ type: 'request', mac, requested: address });
    if (reply === undefined) return 'silence';
    const ack = optionOf(reply.packet, 'messageType') === MESSAGE_TYPE.ack;
    return `${ack ? `ack ${formatIpv4(reply.packet.yiaddr)}` : 'nak'} to ${reply.destinationMac}`;
  };
  expect(await reboot(OTHER, requested)).toBe(`ack ${requested} to ${OTHER}`);
  expect(await reboot(OTHER, '192.168.7.7')).toBe('nak to ff:ff:ff:ff:ff:ff');
  expect(await reboot(MAC, requested)).toBe('nak to ff:ff:ff:ff:ff:ff');
});

test('facts 9: a client that rebinds by broadcast, with its address as source, is answered at that address', async () => {
  const client = lab.client('a', 'br0', MAC);
  await lab.start([network()]);
  await lab.lease(client);
  const raw = await lab.raw(client);
  const reply = await raw.ask({ type: 'request', mac: MAC, ciaddr: '10.78.0.100' });
  expect(reply?.destinationMac).toBe(MAC);
  expect(formatIpv4(reply?.packet.yiaddr ?? 0)).toBe('10.78.0.100');
});

test('facts 33: garbage on the wire is not answered, and the next client is served', async () => {
  const client = lab.client('a', 'br0', MAC);
  await lab.start([network()]);
  const raw = await lab.raw(client);
  const garbage = Array.from({ length: 200 }, (_, index) => new Uint8Array(index * 5).fill(index));
  // In portions that the socket's buffer holds, so that the count below is exact.
  for (let from = 0; from < garbage.length; from += 20) {
    await raw.sendBytes(...garbage.slice(from, from + 20).map((bytes) => ({ mac: OTHER, bytes })));
    await systemClock.sleep(10);
  }
  expect((await lab.lease(client))?.values['ip']).toBe('10.78.0.100');
  expect(raw.replies.filter(({ packet }) => packet.mac !== MAC)).toEqual([]);
  const dropped = lab.server.counters().get('lan')?.dropped ?? {};
  expect(Object.values(dropped).reduce((sum, count) => sum + count, 0)).toBe(200);
});

test('R-15: with bindings only, an unknown client hears nothing', async () => {
  const [a, b] = [lab.client('a', 'br0', MAC), lab.client('b', 'br0', OTHER)];
  await lab.start([network({ bindingsOnly: true, bindings: [{ mac: MAC, address: '10.78.0.50' }] })]);
  expect((await lab.lease(a))?.values['ip']).toBe('10.78.0.50');
  expect(await (await lab.raw(b)).ask({ type: 'discover', mac: OTHER }, 100)).toBeUndefined();
});

test('facts 39: a storm of first boots with the broadcast flag clear: all are served, no address twice', async () => {
  const clients = Math.min(1500, 300 * Number(process.env['KCORE_TEST_SCALE'] ?? 1));
  const namespace = lab.client('a', 'br0', MAC);
  lab.sh(lab.serverNamespace, 'ip address flush dev br0; ip address add 10.78.0.1/16 dev br0');
  await lab.start([network({ prefix: 16, range: { start: '10.78.1.0', end: '10.78.99.255' } })]);
  const raw = await lab.raw(namespace);
  const macs = Array.from(
    { length: clients },
    (_, index) =>
      `02:00:00:00:${Buffer.of(index >> 8, index & 255)
        .toString('hex')
        .replace(/(..)/, '$1:')}`,
  );
  const addresses = await Promise.all(
    macs.map(async (mac) => {
      const offer = await raw.ask({ type: 'discover', mac }, 3000, 10);
      const requested = formatIpv4(offer?.packet.yiaddr ?? 0);
      const ack = await raw.ask({ type: 'request', mac, requested, server: '10.78.0.1' }, 3000, 10);
      return formatIpv4(ack?.packet.yiaddr ?? 0);
    }),
  );
  expect(new Set(addresses).size).toBe(clients);
  expect(addresses).not.toContain('0.0.0.0');
  expect(lab.server.leases()).toHaveLength(clients);
});

test('R-50: a full disk gives no lease and an event, and leases again when there is room', async () => {
  const client = lab.client('a', 'br0', MAC);
  const state = join(lab.directory, 'small');
  mkdirSync(state);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', state]);
  try {
    await lab.start([network({ leaseSeconds: 60 })], join(state, 'dhcp'));
    expect((await lab.lease(client))?.values['ip']).toBe('10.78.0.100');
    const raw = await lab.raw(client);
    execFileSync('sh', ['-c', `cat /dev/zero > ${state}/filler || true`], { stdio: 'ignore' });
    // What was reserved ahead is used up first.
    const renew = { type: 'request', mac: MAC, ciaddr: '10.78.0.100' } as const;
    let answers = 0;
    while (!lab.events.includes('LeaseStoreFailed leases.log') && answers < 20_000) {
      await raw.send(...Array.from({ length: 200 }, () => renew));
      await systemClock.sleep(5);
      answers += 200;
    }
    expect(lab.events).toContain('LeaseStoreFailed leases.log');
    await systemClock.sleep(100);
    const before = raw.replies.length;
    expect(await raw.ask(renew, 300)).toBeUndefined();
    expect(raw.replies.length).toBe(before);
    rmSync(`${state}/filler`);
    expect(await raw.ask(renew, 1500)).toBeDefined();
    expect(lab.events.at(-1)).toBe('LeaseStoreRecovered leases.log');
    await lab.stop();
  } finally {
    await lab.stop();
    execFileSync('umount', [state]);
  }
});
