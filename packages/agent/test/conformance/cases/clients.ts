import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DhcpNetwork } from '../../../src/model/dhcp-network.ts';
import { A, B, C, type Case } from '../case.ts';
import type { Client, Told } from '../guest.ts';
import { inNamespace } from '../process.ts';
import type { Stage } from '../stage.ts';
import { delivery, holds, reply, same, some } from '../verdict.ts';
import type { Wire } from '../wire.ts';
import { BROADCAST, BROADCAST_MAC, u32 } from '../wire-format.ts';

/** Real clients, unmodified, as guests have them. */

const unicastFirstLease: Case = {
  id: 'first-lease-by-unicast',
  title: 'udhcpc with the broadcast flag clear',
  source: 'RFC 2131 §4.1; R-04',
  expected: 'a lease; OFFER and ACK go to the client’s MAC and its new address',
  run: async (stage) => {
    await stage.serve();
    const guest = await stage.guest('a', A);
    const seen = await stage.listen(guest.namespace, 'eth0');
    const bound = some(await guest.udhcpc('-q', '-n', '-O', 'mtu').event('bound'), 'udhcpc got no lease');
    await seen.heard('ack');
    const replies = seen.frames.filter(({ message }) => message.op === 2);
    same('types of replies', replies.map(({ message }) => message.type).join(' '), 'offer ack');
    for (const frame of replies) same('a reply went to', delivery(frame), `${bound['address']} at ${A}`);
  },
};

const broadcastFirstLease: Case = {
  id: 'first-lease-by-broadcast',
  title: 'udhcpc -B, broadcast flag set',
  source: 'RFC 2131 §4.1',
  expected: 'OFFER and ACK go to 255.255.255.255 at ff:ff:ff:ff:ff:ff',
  run: async (stage) => {
    await stage.serve();
    const guest = await stage.guest('a', A);
    const seen = await stage.listen(guest.namespace, 'eth0');
    some(await guest.udhcpc('-q', '-n', '-B').event('bound'), 'udhcpc got no lease');
    await seen.heard('ack');
    const replies = seen.frames.filter(({ message }) => message.op === 2);
    same('number of replies', replies.length, 2);
    for (const frame of replies) same('a reply went to', delivery(frame), `${BROADCAST} at ${BROADCAST_MAC}`);
  },
};

const expectedTold = { mask: '255.255.255.0', router: '10.78.0.1', dns: '1.1.1.1 8.8.8.8', lease: '43200' };

function check(client: string, told: Told | undefined): string {
  const { address = '', mask, router, dns, lease } = some(told, `${client} got no lease`);
  same(`${client} was told`, { mask, router, dns, lease }, expectedTold);
  return address;
}

const firstBoots: Case = {
  id: 'first-boot-of-real-systems',
  title: 'dhclient, dhcpcd and systemd-networkd boot for the first time',
  source: 'RFC 2131 §3.1; R-04',
  expected: 'each is bound, with mask, router, DNS servers and 43,200 s',
  run: async (stage) => {
    await stage.serve({ probe: true });
    const guests = await Promise.all([stage.guest('a', A), stage.guest('b', B), stage.guest('c', C)]);
    const [dhclient, dhcpcd, networkd] = await Promise.all([
      guests[0].dhclient().event('BOUND'),
      guests[1].dhcpcd().event('BOUND'),
      guests[2].networkd(),
    ]);
    const addresses = [check('dhclient', dhclient), check('dhcpcd', dhcpcd), check('networkd', networkd)];
    same('different addresses', new Set(addresses).size, 3);
  },
};

const rebootWithLeaseFile: Case = {
  id: 'reboot-with-lease-file',
  title: 'dhclient is started again with its lease file',
  source: 'RFC 2131 §3.2, §4.3.2 (INIT-REBOOT)',
  expected: 'REQUEST without DISCOVER, ACK, the same address',
  run: async (stage) => {
    await stage.serve();
    const guest = await stage.guest('a', A);
    const first = guest.dhclient();
    const { address } = some(await first.event('BOUND'), 'dhclient got no lease');
    await first.running.line(/^bound to/, 30_000);
    await first.running.end();
    const sent = await stage.sentBy('a');
    const again = some(await guest.dhclient().event('REBOOT|BOUND'), 'dhclient got no lease the second time');
    same('address after the reboot', again['address'], address);
    await sent.heard('request');
    const types = sent.frames.filter(({ message }) => message.op === 1).map(({ message }) => message.type);
    holds(!types.includes('discover'), `dhclient had to send ${types.join(', ')}`);
  },
};

const rebootOnAnotherNetwork: Case = {
  id: 'reboot-on-another-network',
  title: 'dhclient comes back with a lease of another network',
  source: 'RFC 2131 §4.3.2',
  expected: 'NAK, then a new lease of this network',
  run: async (stage) => {
    await stage.serve();
    const guest = await stage.guest('a', A);
    const first = guest.dhclient();
    some(await first.event('BOUND'), 'dhclient got no lease');
    await first.running.line(/^bound to/, 30_000);
    await first.running.end();
    const file = guest.dhclientLeases;
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/fixed-address [\d.]+/g, 'fixed-address 192.168.7.7'));
    const seen = await stage.listen(guest.namespace, 'eth0');
    const told = some(await guest.dhclient().event('BOUND|REBOOT'), 'dhclient got no lease the second time');
    holds(told['address']?.startsWith('10.78.0.') === true, `dhclient took ${told['address']}`);
    await seen.heard('ack');
    const types = seen.frames.filter(({ message }) => message.op === 2).map(({ message }) => message.type);
    same('replies', types.join(' '), 'nak offer ack');
  },
};

async function bindDhclient(
  stage: Stage,
  over: Partial<DhcpNetwork>,
): Promise<{ client: Client; address: string; sent: Wire }> {
  await stage.serve(over);
  const guest = await stage.guest('a', A);
  const client = guest.dhclient();
  const { address = '' } = some(await client.event('BOUND'), 'dhclient got no lease');
  return { client, address, sent: await stage.sentBy('a') };
}

const renewAtT1: Case = {
  id: 'renewal-at-half-time',
  title: 'dhclient renews at T1',
  source: 'RFC 2131 §4.3.2 (RENEWING), §4.4.5',
  expected: 'unicast REQUEST, unicast ACK, the lease runs longer',
  run: async (stage) => {
    // What dnsmasq's shortest lease makes of it is longer.
    const leaseSeconds = Math.max(16, stage.subject.shortestLease);
    const { client, address, sent } = await bindDhclient(stage, { leaseSeconds });
    const seen = await stage.listen(`${stage.serverNamespace.replace(/srv$/, 'a')}`, 'eth0');
    const renewed = some(await client.event('RENEW', 0, 120_000), 'dhclient could not renew');
    same('address', renewed['address'], address);
    await Promise.all([sent.heard('request'), seen.heard('ack')]);
    const [request] = sent.frames.filter(({ message }) => message.type === 'request');
    same('the REQUEST went to', request?.destination, '10.78.0.1');
    const [ack] = seen.frames.filter(({ message }) => message.type === 'ack');
    same('the ACK went to', ack === undefined ? 'nobody' : delivery(ack), `${address} at ${A}`);
  },
};

const rebindAtT2: Case = {
  id: 'rebinding-by-broadcast',
  title: 'dhclient cannot reach the server by unicast and rebinds at T2',
  source: 'RFC 2131 §4.3.2 (REBINDING)',
  expected: 'broadcast REQUEST, ACK to the client’s address',
  run: async (stage) => {
    // Seconds from T1 to T2, and long from there to the end of the lease, or a busy machine has none any more.
    const times = [u32(58, 4), u32(59, 8)].map(([code, value]) => ({ code, hex: value.toString('hex') }));
    const { client, address, sent } = await bindDhclient(stage, { leaseSeconds: 120, options: times });
    await stage.server(
      `nft add table bridge cut
       nft add chain bridge cut forward '{ type filter hook input priority 0; }'
       nft add rule bridge cut forward ip daddr 10.78.0.1 udp dport 67 drop`,
    );
    const rebound = some(await client.event('REBIND|RENEW', 0, 150_000), 'dhclient could not rebind');
    same('address', rebound['address'], address);
    await sent.heard('request');
    const requests = sent.frames.filter(({ message }) => message.type === 'request');
    same('the last REQUEST went to', requests.at(-1)?.destination, BROADCAST);
    same('its ciaddr', requests.at(-1)?.message.ciaddr, address);
  },
};

const releaseFrees: Case = {
  id: 'release-frees',
  title: 'udhcpc -R releases; another client asks for that address',
  source: 'RFC 2131 §4.3.4',
  expected: 'no reply to the RELEASE; the other gets the address',
  run: async (stage) => {
    await stage.serve();
    const [a, b] = await Promise.all([stage.guest('a', A), stage.guest('b', B)]);
    const first = a.udhcpc('-R');
    const { address = '' } = some(await first.event('bound'), 'udhcpc got no lease');
    const seen = await stage.listen(a.namespace, 'eth0');
    await first.running.end('SIGTERM');
    await sleep(300);
    same('replies to RELEASE', seen.frames.filter(({ message }) => message.op === 2).length, 0);
    const second = some(await b.udhcpc('-q', '-n', '-r', address).event('bound'), 'the other udhcpc got no lease');
    same('the other’s address', second['address'], address);
  },
};

const heldAddress: Case = {
  id: 'address-in-use-is-skipped',
  title: 'a machine without a lease uses the first address of the range',
  source: 'RFC 2131 §2.2, §3.1; RFC 5227',
  expected: 'a client is given another address',
  run: async (stage) => {
    // Only that one and another are left, so that a server that picks at random cannot be lucky.
    await stage.serve({ probe: true, range: { start: '10.78.0.100', end: '10.78.0.101' } });
    const [a, b] = await Promise.all([stage.guest('a', A), stage.guest('b', B)]);
    await b.run('ip address add 10.78.0.100/24 dev eth0');
    const { address } = some(await a.udhcpc('-q', '-n', '-r', '10.78.0.100').event('bound'), 'udhcpc got no lease');
    same('address', address, '10.78.0.101');
  },
};

const throughVxlan: Case = {
  id: 'client-behind-a-vxlan-port',
  title: 'the client is on another host, behind a vxlan port of the bridge',
  source: 'R-15; RFC 7348',
  expected: 'a lease, with the overlay’s MTU in option 26',
  run: async (stage) => {
    const vxlan = 'type vxlan id 42 dstport 4789 nolearning';
    const far = await stage.namespace('far');
    await stage.server(
      `ip link add under type veth peer name under netns ${far}
       ip address add 192.168.55.1/24 dev under; ip link set dev under up
       ip link add vx42 ${vxlan} local 192.168.55.1 remote 192.168.55.2
       ip link set dev vx42 master br0 up`,
    );
    const guest = await stage.guest('a', A);
    await stage.server(`ip link set dev p-a netns ${far}`);
    await inNamespace(
      far,
      `ip address add 192.168.55.2/24 dev under; ip link set dev under up
       ip link add vx42 ${vxlan} local 192.168.55.2 remote 192.168.55.1
       ip link add br0 type bridge; ip link set dev vx42 master br0 up; ip link set dev p-a master br0 up
       ip link set dev br0 up`,
    );
    await stage.serve({ mtu: 1450 });
    const bound = some(await guest.udhcpc('-q', '-n', '-O', 'mtu').event('bound'), 'udhcpc got no lease');
    same('MTU told', bound['mtu'], '1450');
    holds(bound['address']?.startsWith('10.78.0.') === true, `udhcpc got ${bound['address']}`);
  },
};

const checksumWithOffload: Case = {
  id: 'checksum-with-offload',
  title: 'UDP checksums as the guest captures them, transmit offload on',
  source: 'RFC 768',
  expected: 'every sum is right in the guest’s capture',
  run: async (stage) => {
    await stage.serve();
    const guest = await stage.guest('a', A);
    const wire = await stage.listen(guest.namespace, 'eth0');
    const lease = some(await wire.lease(A), 'no lease');
    same('ACK to a renewal', reply(await wire.renew(A, lease.address)), `ack ${lease.address}`);
    const replies = wire.frames.filter(({ message }) => message.op === 2);
    same('sums of the replies', [...new Set(replies.map(({ sum }) => sum))].join(', '), 'right');
  },
};

export const CLIENT_CASES: readonly Case[] = [
  rebindAtT2,
  renewAtT1,
  firstBoots,
  unicastFirstLease,
  broadcastFirstLease,
  rebootWithLeaseFile,
  rebootOnAnotherNetwork,
  releaseFrees,
  heldAddress,
  throughVxlan,
  checksumWithOffload,
];
