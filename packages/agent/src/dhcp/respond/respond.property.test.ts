import { formatIpv4, parseIpv4 } from '@kcore/contract';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DhcpNetwork } from '../../model/dhcp-network.ts';
import { option } from '../codec/options.ts';
import { parsePacket } from '../codec/parse.ts';
import { clientOf } from '../leases/lease.ts';
import { LeaseTable } from '../leases/lease-table.ts';
import { type ClientMessage, clientMessage } from '../testing/client.ts';
import type { Decision } from './decision.ts';
import { respond } from './respond.ts';
import { serveNetwork } from './served-network.ts';

/*
 * Clients do anything in any order, the disk fails now and then, bindings come and go. Whatever happens, what clients
 * were told never contradicts itself: this keeps the clients' side of the story and compares.
 */

const scale = Number(process.env['KCORE_TEST_SCALE'] ?? 1);
const FIRST = 100;
const LAST = 105;
const LEASE_SECONDS = 100;
const OFFER = 30_000;
const DAY = 24 * 3600 * 1000;
const address = (host: number): string => `10.77.0.${host}`;
const MACS = ['02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c', '02:00:00:00:00:0d'] as const;
const IDS = [undefined, 'ff01', 'ff02'] as const;

interface Machine {
  readonly mac: string;
  readonly id: string | undefined;
}

type Step =
  | {
      readonly do: 'discover' | 'select' | 'reboot' | 'renew' | 'release' | 'decline';
      readonly who: Machine;
      readonly host: number;
      readonly diskFails: boolean;
    }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'bind'; readonly mac: string; readonly host: number | undefined };

const machine = fc.record({ mac: fc.constantFrom(...MACS), id: fc.constantFrom(...IDS) });
const host = fc.integer({ min: FIRST - 1, max: LAST + 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom('discover', 'discover', 'select', 'select', 'reboot', 'renew', 'release', 'decline'),
      who: machine,
      host,
      diskFails: fc.nat(9).map((dice) => dice === 0),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait'), seconds: fc.constantFrom(1, 20, 31, 60, 101, 90_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('bind'),
      mac: fc.constantFrom(...MACS),
      host: fc.option(host, { nil: undefined }),
    }),
  },
) as fc.Arbitrary<Step>;

const base: DhcpNetwork = {
  network: 'lan',
  link: 'kbr-lan',
  serverAddress: address(1),
  prefix: 24,
  range: { start: address(FIRST), end: address(LAST) },
  leaseSeconds: LEASE_SECONDS,
  dns: [],
  options: [],
  bindings: [],
  reservations: [],
  bindingsOnly: false,
};

interface Told {
  readonly machine: Machine;
  readonly address: number;
  readonly until: number;
}

class World {
  readonly table = new LeaseTable();
  readonly leased = new Map<string, Told>();
  readonly offered = new Map<string, Told>();
  readonly quarantined = new Map<number, number>();
  served = serveNetwork(base);
  now = Date.UTC(2026, 0, 1);

  run(one: Step): void {
    if (one.do === 'wait') this.now += one.seconds * 1000;
    else if (one.do === 'bind') this.bind(one.mac, one.host);
    else this.send(one);
    this.checkTable();
  }

  bind(mac: string, to: number | undefined): void {
    const others = this.served.spec.bindings.filter(
      (binding) => binding.mac !== mac && binding.address !== address(to ?? 0),
    );
    const bindings = to === undefined ? others : [...others, { mac, address: address(to) }];
    this.served = serveNetwork({ ...base, bindings });
    this.table.rescan();
  }

  send({ do: verb, who, host: named, diskFails }: Exclude<Step, { do: 'wait' | 'bind' }>): void {
    const key = `${who.mac} ${who.id}`;
    const known = this.leased.get(key);
    const mine = known === undefined ? address(named) : formatIpv4(known.address);
    const offer = this.offered.get(key);
    const taken = offer === undefined ? address(named) : formatIpv4(offer.address);
    const common = {
      mac: who.mac,
      options: who.id === undefined ? [] : [option('clientId', Buffer.from(who.id, 'hex'))],
    };
    const messages: Record<typeof verb, ClientMessage> = {
      discover: { ...common, type: 'discover', requested: address(named) },
      select: { ...common, type: 'request', requested: taken, server: address(1) },
      reboot: { ...common, type: 'request', requested: mine },
      renew: { ...common, type: 'request', ciaddr: mine },
      release: { ...common, type: 'release', ciaddr: mine, server: address(1) },
      decline: { ...common, type: 'decline', requested: mine, server: address(1) },
    };
    // Who begins anew, or ends its lease, uses nothing any more, whatever the server makes of it.
    if (verb === 'discover' || verb === 'release' || verb === 'decline') this.leased.delete(key);
    const decision = this.carryOut(messages[verb], diskFails);
    if (decision === 'failed') return;
    if (verb === 'decline' && decision.commit.some(({ change }) => change === 'quarantine'))
      this.quarantined.set(parseIpv4(mine), this.now + DAY);
    if (decision.kind === 'reply') this.hear(who, key, decision);
  }

  /** As the server's loop does it; the link is silent, so every address that is asked for is free. */
  carryOut(message: ClientMessage, diskFails: boolean): Decision | 'failed' {
    const parsed = parsePacket(clientMessage(message));
    if (parsed.kind !== 'packet') throw new Error(parsed.reason);
    for (let attempt = 0; attempt < 300; attempt++) {
      const decision = respond({ packet: parsed.packet, source: 0 }, this.served, this.table, this.now);
      const undos = decision.commit.map((change) => this.table.apply(change));
      if (decision.withdraw !== undefined) this.table.withdrawOffer(decision.withdraw);
      if (decision.offer !== undefined) this.table.offer({ ...decision.offer, checked: true });
      if (decision.kind === 'probe') continue;
      if (!diskFails || undos.length === 0) return decision;
      for (const undo of undos.toReversed()) undo();
      return 'failed';
    }
    throw new Error('an address is looked for again and again');
  }

  hear(who: Machine, key: string, decision: Extract<Decision, { kind: 'reply' }>): void {
    const { type, packet } = decision.reply;
    if (type === 'nak') {
      this.leased.delete(key);
      this.offered.delete(key);
      return;
    }
    const given = packet.yiaddr;
    this.checkAddress(who, given);
    const lasts = type === 'ack' ? LEASE_SECONDS * 1000 : OFFER;
    const told = { machine: who, address: given, until: this.now + lasts };
    if (type === 'offer') this.offered.set(key, told);
    else {
      this.offered.delete(key);
      this.leased.set(key, told);
    }
  }

  checkAddress({ mac }: Machine, given: number): void {
    const bound = this.served.bound.get(mac)?.address;
    const others = (all: Map<string, Told>): Told[] =>
      [...all.values()].filter((told) => told.machine.mac !== mac && told.until > this.now && told.address === given);
    expect(others(this.leased), 'leased to another NIC').toEqual([]);
    if (bound !== undefined) {
      expect(given, 'a binding beats everything').toBe(bound);
      return;
    }
    expect(
      others(this.offered).filter((told) => !this.served.bound.has(told.machine.mac)),
      'offered to another NIC',
    ).toEqual([]);
    expect(this.served.ownerOf.get(given), 'bound to another NIC').toBeUndefined();
    expect(given >= parseIpv4(address(FIRST)) && given <= parseIpv4(address(LAST)), 'in the range').toBe(true);
    expect(this.quarantined.get(given) ?? 0, 'declined').toBeLessThanOrEqual(this.now);
  }

  checkTable(): void {
    const holdings = [...this.table.holdings()];
    for (const holding of holdings) {
      expect(this.table.at(holding.address)).toBe(holding);
      if (holding.kind !== 'quarantine') expect(this.table.ofClient(clientOf(holding))).toBe(holding);
    }
    expect(this.table.offers(0)).toBe(holdings.filter(({ kind }) => kind === 'offer').length);
    // What a client was told holds until it is over, unless it said otherwise itself or its MAC was bound.
    for (const {
      machine: { mac },
      address: told,
      until,
    } of this.leased.values()) {
      const holding = this.table.at(told);
      if (until > this.now && holding !== undefined && holding.mac !== mac)
        expect(holding.expiresAt).toBeLessThanOrEqual(this.now);
    }
  }
}

test('whatever clients do, no address is given to two NICs, and bindings, quarantines and offers are respected', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), (steps) => {
      const world = new World();
      for (const one of steps) world.run(one);
    }),
    { seed: 1701, numRuns: 400 * scale },
  );
}, 60_000);
