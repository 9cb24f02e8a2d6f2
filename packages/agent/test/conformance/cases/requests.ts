import { A, B, C, type Case, D } from '../case.ts';
import { Kcore } from '../kcore.ts';
import { delivery, holds, reply, same, some } from '../verdict.ts';
import { ip } from '../wire-format.ts';

/** The states of RFC 2131, by raw frames. */

const rebootWithAnothersAddress: Case = {
  id: 'reboot-with-anothers-address',
  title: 'INIT-REBOOT with an address that another client has',
  source: 'RFC 2131 §4.3.2',
  expected: 'NAK',
  run: async (stage) => {
    await stage.serve();
    const wire = await stage.wire();
    const first = some(await wire.lease(A), 'no lease');
    some(await wire.lease(B), 'no second lease');
    same('reply', reply(await wire.reboot(B, first.address)), 'nak');
    same('the holder’s renewal', reply(await wire.renew(A, first.address)), `ack ${first.address}`);
  },
};

const rebootOfUnknownClient: Case = {
  id: 'reboot-of-unknown-client',
  title: 'INIT-REBOOT of a client the server does not know, address free',
  source: 'RFC 2131 §4.3.2',
  expected: 'ACK with that address, or silence; never another address',
  run: async (stage) => {
    await stage.serve();
    const wire = await stage.wire();
    const xid = wire.nextXid();
    const [frame] = await wire.silence({ type: 'request', mac: A, xid, options: [ip(50, '10.78.0.150')] });
    const seen = reply(frame ?? wire.frames.find(({ message }) => message.xid === xid));
    holds(['silence', 'ack 10.78.0.150'].includes(seen), `reply: ${seen}`);
  },
};

const strangersRelease: Case = {
  id: 'release-by-a-stranger',
  title: 'RELEASE of an address by a client that does not hold it',
  source: 'RFC 2131 §4.3.4',
  expected: 'ignored: the holder keeps it',
  run: async (stage) => {
    await stage.serve();
    const wire = await stage.wire();
    const lease = some(await wire.lease(A), 'no lease');
    await wire.say({ type: 'release', mac: B, ciaddr: lease.address, options: [ip(54, '10.78.0.1')] });
    await wire.fence();
    const offer = await wire.discover(C, [ip(50, lease.address)]);
    holds(offer?.message.yiaddr !== lease.address, `${lease.address} was offered to somebody else`);
    same('the holder’s renewal', reply(await wire.renew(A, lease.address)), `ack ${lease.address}`);
  },
};

const declineQuarantines: Case = {
  id: 'decline-quarantines',
  title: 'DECLINE of a leased address',
  source: 'RFC 2131 §3.1 (5), §4.3.3',
  expected: 'no reply; the address is offered to nobody, also when asked for; the operator is told',
  run: async (stage) => {
    await stage.serve({ range: { start: '10.78.0.100', end: '10.78.0.102' } });
    const wire = await stage.wire();
    const { address } = some(await wire.lease(A), 'no lease');
    wire.letGo(address);
    const options = [ip(50, address), ip(54, '10.78.0.1')];
    same('replies', (await wire.silence({ type: 'decline', mac: A, options })).length, 0);
    const offered = [await wire.discover(A, [ip(50, address)]), await wire.discover(B, [ip(50, address)])].map(
      (frame) => frame?.message.yiaddr,
    );
    holds(!offered.includes(address), `${address} was offered again`);
    same('offers', offered.filter((one) => one !== undefined).length, 2);
    const third = (await wire.silence({ type: 'discover', mac: C, options: [ip(50, address)] })).map(reply);
    holds(!third.includes(`offer ${address}`), `${address} was offered to a third client`);
    if (stage.subject instanceof Kcore) {
      some(await stage.subject.event('AddressDeclined'), 'no event AddressDeclined');
      same('declines counted', (await stage.subject.counters())['lan']?.decline, 1);
    }
  },
};

const inform: Case = {
  id: 'inform',
  title: 'INFORM of a client with an address of its own',
  source: 'RFC 2131 §4.3.5',
  expected: 'ACK to its address with the network’s settings; no address, no lease times',
  run: async (stage) => {
    await stage.serve();
    const wire = await stage.wire();
    const draft = { type: 'inform', mac: A, ciaddr: '10.78.0.77', options: [[55, [1, 3, 6]]] } as const;
    const ack = some(await wire.ask(draft), 'no reply');
    same('reply', reply(ack), 'ack 0.0.0.0');
    same('it went to', delivery(ack), `10.78.0.77 at ${A}`);
    const codes = [...ack.message.options.keys()];
    same(
      'lease times',
      codes.filter((code) => [51, 58, 59].includes(code)),
      [],
    );
    holds(
      [3, 6].every((code) => codes.includes(code)),
      `options ${codes.join(', ')} only`,
    );
  },
};

const anotherServer: Case = {
  id: 'another-server-chosen',
  title: 'REQUEST that names another server',
  source: 'RFC 2131 §4.3.2 (SELECTING)',
  expected: 'silence, and what was offered is free again',
  run: async (stage) => {
    await stage.serve({ range: { start: '10.78.0.100', end: '10.78.0.100' } });
    const wire = await stage.wire();
    const offer = some(await wire.discover(A), 'no offer');
    const options = [ip(50, offer.message.yiaddr), ip(54, '10.78.0.9')];
    const heard = await wire.silence({ type: 'request', mac: A, options });
    same('replies', heard.map(reply), []);
    const other = await wire.discover(B);
    same('offer to the next client', reply(other), 'offer 10.78.0.100');
  },
};

const requestedAddress: Case = {
  id: 'requested-address',
  title: 'DISCOVER that asks for an address: free, taken, out of the range',
  source: 'RFC 2131 §4.3.1; RFC 2132 §9.1',
  expected: 'that one; another; another',
  run: async (stage) => {
    await stage.serve();
    const wire = await stage.wire();
    const lease = some(await wire.lease(A, [ip(50, '10.78.0.150')]), 'no lease');
    same('free one', lease.address, '10.78.0.150');
    for (const [what, address] of [
      ['taken one', '10.78.0.150'],
      ['one out of the range', '10.78.0.20'],
      ['one of another network', '192.168.7.7'],
    ] as const) {
      const offer = some(await wire.discover(B, [ip(50, address)]), `${what}: no offer`);
      const offered = Number(offer.message.yiaddr.split('.')[3]);
      holds(offered >= 100 && offered <= 199 && offered !== 150, `${what}: ${offer.message.yiaddr} was offered`);
    }
  },
};

const oneNicOneAddress: Case = {
  id: 'one-nic-one-address',
  title: 'client identifiers that change, or that clones share',
  source: 'R-44 (RFC 2131 §4.2 lets the server choose by identifier)',
  expected: 'a bound MAC has its address whatever it sends; two MACs always have two',
  run: async (stage) => {
    await stage.serve({ bindings: [{ mac: A, address: '10.78.0.50' }] });
    const wire = await stage.wire();
    const id = (...bytes: number[]) => [61, [255, 0, 1, ...bytes]] as const;
    const addresses = [await wire.lease(A, [id(1)]), await wire.lease(A, [id(2)]), await wire.lease(A)];
    same(
      'addresses of the bound MAC',
      addresses.map((lease) => lease?.address),
      Array(3).fill('10.78.0.50'),
    );
    const original = some(await wire.lease(B, [id(3)]), 'no lease for a MAC that is not bound');
    const clone = some(await wire.lease(C, [id(3)]), 'no lease for its clone');
    holds(clone.address !== original.address, `two MACs have ${clone.address}`);
    const renewal = await wire.ask({ type: 'request', mac: B, ciaddr: original.address, options: [id(3)] });
    same('the first’s renewal', reply(renewal), `ack ${original.address}`);
    const boundToo = some(await wire.lease(D, [id(2)]), 'no lease for a clone of the bound machine');
    holds(boundToo.address !== '10.78.0.50', 'a clone was given the bound address');
  },
};

export const REQUEST_CASES: readonly Case[] = [
  rebootWithAnothersAddress,
  rebootOfUnknownClient,
  strangersRelease,
  declineQuarantines,
  inform,
  anotherServer,
  requestedAddress,
  oneNicOneAddress,
];
