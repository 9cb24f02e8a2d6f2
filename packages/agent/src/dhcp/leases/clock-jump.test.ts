import { expect, test } from 'vitest';
import { ClockJump } from './clock-jump.ts';

test('a clock that is set is told once, one that is slewed never, and time that passes is no jump', () => {
  const time = { wall: 1_000_000, monotonic: 5.25 };
  const clock = new ClockJump(
    () => time.wall,
    () => time.monotonic,
  );
  const pass = (wall: number, monotonic: number): number => {
    time.wall += wall;
    time.monotonic += monotonic;
    return clock.look();
  };
  expect(pass(1000, 1000.5)).toBe(0);
  // A second in a thousand, for an hour.
  for (let second = 0; second < 3600; second++) expect(pass(1001, 1000)).toBe(0);
  expect(pass(3_600_000, 1.25)).toBe(3_599_999);
  expect(pass(10, 10)).toBe(0);
  expect(pass(-7_200_000, 0)).toBe(-7_200_000);
});
