import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode, encode } from '../../codec/codec.ts';
import { ValueError } from '../../codec/error.ts';
import { bitsPerSecond, bytesOf, ticksOf } from './clock.ts';
import { filters } from './filter.ts';
import { gact, mirred } from './gact.ts';
import { formatHandle, tcHandle } from './handle.ts';
import { htb, htbClass } from './htb.ts';
import { police } from './police.ts';
import { cellLogOf, timesOf } from './rate.ts';
import { tbf } from './tbf.ts';
import { u32Match } from './u32-match.ts';
import { u32Selector } from './u32-selector.ts';

const rate = fc.integer({ min: 1000, max: 20_000_000_000 });
const burst = fc.integer({ min: 1600, max: 200_000 });

test('a burst is told exact to what passes in one tick, and never less than was asked for', () => {
  fc.assert(
    fc.property(burst, rate, (bytes, perSecond) => {
      const told = bytesOf(ticksOf(bytes, perSecond), perSecond);
      expect(told).toBeGreaterThanOrEqual(bytes - 1);
      expect(told).toBeLessThanOrEqual(bytes + Math.ceil((perSecond * 64) / 1e9));
    }),
  );
  expect(ticksOf(32_768, 125_000)).toBe(4_096_000);
  expect(bitsPerSecond(100e6)).toBe(12_500_000);
});

test('tbf is read as it was written', () => {
  fc.assert(
    fc.property(rate, burst, burst, fc.boolean(), (perSecond, bytes, limit, peak) => {
      const value = {
        rate: perSecond,
        burst: bytes,
        limit,
        ...(peak ? { peakRate: perSecond * 2, peakBurst: 2000 } : {}),
        overhead: 8,
      };
      expect(decode(tbf, encode(tbf, value))).toEqual(value);
    }),
  );
});

test('a class of htb keeps its rates, also beyond 32 bits', () => {
  fc.assert(
    fc.property(rate, rate, (perSecond, ceil) => {
      const value = { rate: perSecond, ceil, quantum: 3000, priority: 7, minimumPacket: 64, linkLayer: 'atm' } as const;
      expect(decode(htbClass, encode(htbClass, value))).toMatchObject(value);
    }),
  );
  expect(decode(htb, encode(htb, { defaultClass: 9, rateToQuantum: 5 }))).toMatchObject({
    defaultClass: 9,
    rateToQuantum: 5,
  });
});

test('actions are read as they were written', () => {
  const limits = { rate: 125_000, burst: 10_240, exceed: 'drop', conform: 'pipe', mtu: 1500 } as const;
  expect(decode(police, encode(police, limits))).toEqual(limits);
  const packets = { packetRate: 1000, packetBurst: 100, exceed: 'drop' } as const;
  expect(decode(police, encode(police, packets))).toEqual(packets);
  const redirect = { direction: 'egressRedirect', link: 7, verdict: 'stolen', index: 3 } as const;
  expect(decode(mirred, encode(mirred, redirect))).toEqual(redirect);
  expect(decode(gact, encode(gact, { verdict: 0x1000_0002 }))).toEqual({ verdict: 0x1000_0002 });
  expect(() => encode(police, { rate: 1.5, burst: 1 })).toThrow('rate: 1.5 is no rate in whole bytes per second');
});

test('keys of a u32 filter: prefixes by words, both ports in one', () => {
  expect(u32Match.ipv4({ source: '10.0.0.0/9', sourcePort: 1, destinationPort: 2 })).toEqual([
    { offset: 12, offsetMask: 0, value: 0x0a00_0000, mask: 0xff80_0000 },
    { offset: 20, offsetMask: 0, value: 0x0001_0002, mask: 0xffff_ffff },
  ]);
  expect(u32Match.ipv6({ destination: '2001:db8:0:1::/64', ipProtocol: 17 })).toEqual([
    { offset: 24, offsetMask: 0, value: 0x2001_0db8, mask: 0xffff_ffff },
    { offset: 28, offsetMask: 0, value: 1, mask: 0xffff_ffff },
    { offset: 4, offsetMask: 0, value: 17 << 8, mask: 0xff00 },
  ]);
  const selector = { flags: { terminal: true }, keys: u32Match.any() } as const;
  expect(decode(u32Selector, encode(u32Selector, selector))).toEqual(selector);
});

/** The field that is at fault; 'nothing' when none is. */
function refusedField(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    if (error instanceof ValueError) return error.path;
    throw error;
  }
  return 'nothing';
}

test('a port or protocol that does not fit is refused, and would be another one', () => {
  const ports = { sourcePort: 1, destinationPort: 70_000 };
  for (const match of [u32Match.ipv4, u32Match.ipv6]) {
    expect(refusedField(() => match(ports))).toBe('destinationPort');
    expect(refusedField(() => match({ sourcePort: 65_536 }))).toBe('sourcePort');
    expect(refusedField(() => match({ sourcePort: -1 }))).toBe('sourcePort');
    expect(refusedField(() => match({ ipProtocol: 300 }))).toBe('ipProtocol');
    expect(refusedField(() => match({ ipProtocol: 6.5 }))).toBe('ipProtocol');
    expect(refusedField(() => match({ ipProtocol: 255, sourcePort: 65_535, destinationPort: 0 }))).toBe('nothing');
  }
});

test('a priority or protocol of a filter that does not fit is refused, and would be another one, or all', () => {
  const spec = { index: 1, parent: tcHandle(1), kind: 'u32', options: new Uint8Array(0) } as const;
  const key = { index: 1, parent: tcHandle(1) };
  for (const make of [filters.create, filters.replace]) {
    expect(refusedField(() => make({ ...spec, priority: 65_546 }))).toBe('priority');
    expect(refusedField(() => make({ ...spec, priority: 1, protocol: 0x1_0800 }))).toBe('protocol');
    expect(refusedField(() => make({ ...spec, priority: 65_535, protocol: 0xffff }))).toBe('nothing');
  }
  expect(refusedField(() => filters.delete({ ...key, priority: 65_536, protocol: 0 }))).toBe('priority');
  expect(refusedField(() => filters.delete({ ...key, priority: 0 }))).toBe('priority');
  expect(refusedField(() => filters.delete({ ...key, priority: 0.5 }))).toBe('priority');
  expect(refusedField(() => filters.delete({ ...key, priority: Number.NaN }))).toBe('priority');
  expect(refusedField(() => filters.delete({ ...key, priority: 65_535 }))).toBe('nothing');
  expect(refusedField(() => filters.deleteAll({ index: 1, parent: 'nowhere' as 'root' }))).toBe('parent');
});

test('what htb would cut off is refused', () => {
  expect(refusedField(() => encode(htb, { defaultClass: 0x1_0010 }))).toBe('defaultClass');
  expect(refusedField(() => encode(htbClass, { rate: 125_000, priority: 8 }))).toBe('priority');
});

test('the transmission times of a police action count up to the longest packet', () => {
  const times = timesOf(125_000, cellLogOf(0x7fff_ffff), 0);
  expect(times.every((time, at) => at === 0 || time > (times[at - 1] ?? 0))).toBe(true);
});

test('handles are two numbers of 16 bits, in hexadecimal', () => {
  expect(formatHandle(tcHandle(0x8001, 0x1f))).toBe('8001:1f');
  expect(formatHandle(tcHandle(1))).toBe('1:');
});
