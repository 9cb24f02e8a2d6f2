import { setTimeout as sleep } from 'node:timers/promises';
import { A, B, C, type Case, D } from '../case.ts';
import { Kcore } from '../kcore.ts';
import { network, type Stage } from '../stage.ts';
import { holds, reply, same, some } from '../verdict.ts';
import { macOf, type Wire } from '../wire.ts';
import { ip } from '../wire-format.ts';

/** Who gets which address: reservations, the range and its end, time. */

const reservationAtRunTime: Case = {
  id: 'reservation-changed-at-run-time',
  title: 'a reservation changes while its client has a lease',
  source: 'RFC 2131 §4.3.2; R-44',
  expected: 'without a restart: NAK at the renewal, the new address at the next DISCOVER',
  run: async (stage) => {
    const at = (address: string) => ({ reservations: [{ mac: A, address }] });
    await stage.serve(at('10.78.0.50'));
    const wire = await stage.wire();
    const { pid } = stage.subject;
    same('first address', (await wire.lease(A))?.address, '10.78.0.50');
    await stage.subject.change([network(at('10.78.0.60'))]);
    same('renewal of the old one', reply(await wire.renew(A, '10.78.0.50')), 'nak');
    same('next address', (await wire.lease(A))?.address, '10.78.0.60');
    same('the same process', stage.subject.pid, pid);
  },
};

const reservationNeverDynamic: Case = {
  id: 'reservation-never-dynamic',
  title: 'a reservation inside the range, its machine switched off',
  source: 'R-44',
  expected: 'nobody else is given that address',
  run: async (stage) => {
    const reservations = [{ mac: D, address: '10.78.0.101' }];
    await stage.serve({ range: { start: '10.78.0.100', end: '10.78.0.102' }, reservations });
    const wire = await stage.wire();
    const given = [await wire.lease(A), await wire.lease(B)].map((lease) => lease?.address);
    same('addresses', given.toSorted(), ['10.78.0.100', '10.78.0.102']);
    same('offers to a third client', (await wire.silence({ type: 'discover', mac: C })).map(reply), []);
    same('address of the reservation’s owner', (await wire.lease(D))?.address, '10.78.0.101');
  },
};

const reservationOfLeased: Case = {
  id: 'reservation-of-a-leased-address',
  title: 'a reservation names an address that another client has on lease',
  source: 'RFC 2131 §2.2; R-44',
  expected: 'not given twice; refused to the old holder when it renews, then the owner’s',
  run: async (stage) => {
    await stage.serve();
    const wire = await stage.wire();
    const { address } = some(await wire.lease(A), 'no lease');
    await stage.subject.change([network({ reservations: [{ mac: B, address }] })]);
    const early = (await wire.silence({ type: 'discover', mac: B })).map(reply);
    holds(!early.includes(`offer ${address}`), `${address} was offered while another client had it`);
    same('the old holder’s renewal', reply(await wire.renew(A, address)), 'nak');
    wire.letGo(address);
    same('the owner’s address', (await wire.lease(B))?.address, address);
  },
};

const machineDeleted: Case = {
  id: 'machine-deleted',
  title: 'a machine with a bound address is deleted through the API',
  source: 'R-44, R-52',
  expected: 'its lease is gone at once: the next machine can have the address',
  run: async (stage) => {
    await stage.serve({ bindings: [{ mac: A, address: '10.78.0.150', hostname: 'web-01' }] });
    const wire = await stage.wire();
    same('its address', (await wire.lease(A))?.address, '10.78.0.150');
    await stage.subject.change([network()]);
    await stage.subject.forget('lan', A);
    wire.letGo('10.78.0.150');
    same('offer to the next', reply(await wire.discover(B, [ip(50, '10.78.0.150')])), 'offer 10.78.0.150');
    if (stage.subject instanceof Kcore) same('leases', [...(await stage.subject.leases())], []);
  },
};

const rangeExhausted: Case = {
  id: 'range-exhausted',
  title: '101 clients for 100 addresses',
  source: 'RFC 2131 §4.3.1',
  expected: '100 different addresses; silence to the last one; no lease is stolen; the operator is told',
  run: async (stage) => {
    await stage.serve();
    const wire = await stage.wire();
    const macs = Array.from({ length: 100 }, (_, index) => macOf(index));
    const leases = await Promise.all(macs.map((mac) => wire.lease(mac)));
    same('different addresses', new Set(leases.map((lease) => lease?.address)).size, 100);
    holds(
      leases.every((lease) => lease !== undefined),
      'some clients got no lease',
    );
    same('replies to the last client', (await wire.silence({ type: 'discover', mac: A })).map(reply), []);
    const [first] = leases;
    same('the first’s renewal', reply(await wire.renew(macOf(0), first?.address ?? '')), `ack ${first?.address}`);
    if (stage.subject instanceof Kcore) some(await stage.subject.event('PoolExhausted'), 'no event PoolExhausted');
  },
};

async function keepRenewing(wire: Wire, mac: string, address: string, seconds: number, every: number): Promise<void> {
  for (const until = Date.now() + seconds * 1000; Date.now() < until; await sleep(every * 1000)) {
    same('a renewal', reply(await wire.renew(mac, address)), `ack ${address}`);
  }
}

const oldestExpiredFirst: Case = {
  id: 'oldest-expired-first',
  title: 'a full range whose leases expire one after the other',
  source: 'RFC 2131 §4.3.1',
  expected: 'the address that expired first is reused first; an active one never',
  run: async (stage: Stage) => {
    const seconds = Math.max(10, stage.subject.shortestLease);
    await stage.serve({ range: { start: '10.78.0.100', end: '10.78.0.102' }, leaseSeconds: seconds });
    const wire = await stage.wire();
    // Not in the order of their addresses, so that a server that begins at the start of the range is told apart.
    const active = some(await wire.lease(A), 'no lease');
    const later = some(await wire.lease(B), 'no lease');
    const oldest = some(await wire.lease(C), 'no lease');
    await sleep(2500);
    same('a renewal', reply(await wire.renew(B, later.address)), `ack ${later.address}`);
    await keepRenewing(wire, A, active.address, seconds + 1, seconds / 4);
    wire.letGo(later.address);
    wire.letGo(oldest.address);
    const offers = [await wire.lease(macOf(1)), await wire.lease(macOf(2))].map((lease) => lease?.address);
    same('reused addresses', offers, [oldest.address, later.address]);
    same('replies to one more', (await wire.silence({ type: 'discover', mac: D })).map(reply), []);
  },
};

export const ADDRESS_CASES: readonly Case[] = [
  oldestExpiredFirst,
  reservationAtRunTime,
  reservationNeverDynamic,
  reservationOfLeased,
  machineDeleted,
  rangeExhausted,
];
