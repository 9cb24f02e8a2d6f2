import { formatIpv4, parseIpv4 } from '@kcore/contract';
import { describe, expect, test } from 'vitest';
import type { ArpPacket } from '../codec/arp.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { ArpProber, type ProbeResult } from './arp-prober.ts';

const SELF = '02:6c:00:00:00:01';
const CLIENT = '02:00:00:00:00:0a';
const OTHER = '02:99:99:99:99:99';
const ADDRESS = parseIpv4('10.77.0.100');
const ANSWER: ArpPacket = { operation: 2, senderMac: OTHER, senderAddress: ADDRESS, targetAddress: 0 };

/** A prober on a link that a test makes as slow and lossy as it likes. */
class Link {
  readonly clock = new ManualClock();
  /** Milliseconds at which questions left. */
  readonly asked: number[] = [];
  readonly prober: ArpProber;
  result: ProbeResult | undefined;
  lost = 0;
  /** What is done with a question: false, the kernel does not take it. */
  take: () => boolean = () => true;
  /** What waits in the socket, unread. */
  queue: ArpPacket[] = [];
  readonly #begun = this.clock.monotonic();

  /** `held`: until when the kernel keeps questions. */
  constructor(held: Promise<void> = Promise.resolve()) {
    this.prober = new ArpProber({
      clock: this.clock,
      mac: () => SELF,
      send: async (frame) => {
        expect(formatIpv4(new DataView(frame.buffer).getUint32(38))).toBe('10.77.0.100');
        await held;
        if (!this.take()) throw new Error('ENOBUFS');
        this.asked.push(this.now);
        return 1;
      },
      heardAll: async () => {
        for (const arp of this.queue.splice(0)) this.prober.hear(arp);
      },
      lost: () => this.lost,
    });
    void this.prober.look(ADDRESS, CLIENT).then((result) => {
      this.result = result;
    });
  }

  get now(): number {
    return this.clock.monotonic() - this.#begun;
  }

  /** The machine is kept from running for so long, and then wakes those whose time is over. */
  async stall(milliseconds: number): Promise<void> {
    await settle();
    this.clock.stall(milliseconds);
    await this.clock.advance(0);
  }
}

describe('an address is free when silence means something', () => {
  test('two questions, and a quarter of a second', async () => {
    const link = new Link();
    await link.clock.advance(249);
    expect([link.asked, link.result]).toEqual([[0, 100], undefined]);
    await link.clock.advance(1);
    expect([link.asked, link.result]).toEqual([[0, 100], 'free']);
  });

  test('an answer that waits in the socket when the time is over is heard', async () => {
    const link = new Link();
    await link.clock.advance(249);
    link.queue.push(ANSWER);
    await link.clock.advance(1);
    expect(link.result).toEqual({ usedBy: OTHER });
    expect(link.asked).toHaveLength(2);
  });

  test('one that arrived during the first question ends it before a second', async () => {
    const link = new Link();
    await link.clock.advance(50);
    link.prober.hear(ANSWER);
    await link.clock.advance(500);
    expect([link.asked, link.result]).toEqual([[0], { usedBy: OTHER }]);
  });

  test('after a wait that took too long the question is asked again', async () => {
    const link = new Link();
    await link.clock.advance(100);
    await link.stall(400);
    expect([link.asked, link.result]).toEqual([[0, 100, 500], undefined]);
    await link.clock.advance(150);
    expect(link.result).toBe('free');
  });

  test('where every wait is late the address is offered at last', async () => {
    const link = new Link();
    for (let question = 0; question < 7; question++) await link.stall(400);
    expect(link.result).toBeUndefined();
    await link.stall(400);
    expect([link.asked.length, link.result]).toEqual([8, 'free']);
  });

  test('the wait begins when the question left', async () => {
    let leave = (): void => {};
    const link = new Link(
      new Promise((resolve) => {
        leave = resolve;
      }),
    );
    await link.clock.advance(1000);
    leave();
    await settle();
    await link.clock.advance(249);
    expect(link.result).toBeUndefined();
    await link.clock.advance(1);
    expect(link.result).toBe('free');
  });

  test('frames that were lost before they were read may have been the answer', async () => {
    const link = new Link();
    await link.clock.advance(200);
    link.lost = 3;
    await link.clock.advance(50);
    expect([link.asked, link.result]).toEqual([[0, 100, 250], undefined]);
    await link.clock.advance(150);
    expect(link.result).toBe('free');
  });

  test('a question that the kernel did not take is asked again; when it takes none, nothing is known', async () => {
    const link = new Link();
    await settle();
    link.take = () => false;
    await link.clock.advance(250);
    expect([link.asked, link.result]).toEqual([[0], undefined]);
    link.take = () => true;
    await link.clock.advance(300);
    expect([link.asked, link.result]).toEqual([[0, 400], 'free']);
    const down = new Link();
    down.take = () => false;
    await down.clock.advance(5000);
    expect([down.asked, down.result]).toEqual([[], 'stopped']);
  });
});
