import { expect, test } from 'vitest';
import { RateLimit } from './rate-limit.ts';

function mac(number: number): Uint8Array {
  return Uint8Array.of(2, 0, 0, number >> 16, (number >> 8) & 255, number & 255);
}

function admitted(limit: RateLimit, sender: Uint8Array, count: number): number {
  return Array.from({ length: count }, () => limit.admits(sender)).filter(Boolean).length;
}

test('a MAC is let through a hundred times a second, and does not count against another', () => {
  let time = 0;
  const limit = new RateLimit(() => time, 12_345);
  limit.look();
  expect(admitted(limit, mac(1), 1000)).toBe(100);
  expect(admitted(limit, mac(2), 60)).toBe(60);
  time = 999;
  limit.look();
  expect(admitted(limit, mac(1), 1)).toBe(0);
  time = 1000;
  limit.look();
  expect(admitted(limit, mac(1), 1000)).toBe(100);
});

test('next to a flood, two thousand others are let through, but for the few that share its counter', () => {
  for (const seed of [0, 1, 0x7fff_ffff, 0xdead_beef]) {
    const limit = new RateLimit(() => 0, seed);
    limit.look();
    admitted(limit, mac(0xffff), 100_000);
    const refused = Array.from({ length: 2000 }, (_, number) => admitted(limit, mac(number), 10)).filter((n) => n < 10);
    expect(refused.length, `seed ${seed}`).toBeLessThan(8);
  }
});

test('MACs that follow each other, as a node gives them, are spread over the counters', () => {
  const limit = new RateLimit(() => 0, 99);
  limit.look();
  const through = Array.from({ length: 20_000 }, (_, number) => admitted(limit, mac(number), 2));
  expect(through.every((count) => count === 2)).toBe(true);
});
