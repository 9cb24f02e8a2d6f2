import { expect, test } from 'vitest';
import { isoImage } from './image.ts';
import { SECTOR } from './sector.ts';

const made = new Date('2026-01-02T03:04:05Z');
const files = new Map([
  ['user-data', Buffer.from('#cloud-config\n')],
  ['meta-data', Buffer.alloc(SECTOR + 1, 'm')],
  ['network-config', Buffer.alloc(0)],
]);

test('the same files at the same time make the same image', () => {
  expect(isoImage('cidata', files, made).equals(isoImage('cidata', files, made))).toBe(true);
});

test('an image is whole sectors, and says how many', () => {
  const image = isoImage('cidata', files, made);
  expect(image.length % SECTOR).toBe(0);
  expect(image.readUInt32LE(16 * SECTOR + 80)).toBe(image.length / SECTOR);
});

test('each volume descriptor has its own root, and the three descriptors end with a terminator', () => {
  const image = isoImage('cidata', files, made);
  const descriptor = (index: number) => image.subarray((16 + index) * SECTOR, (17 + index) * SECTOR);
  expect([0, 1, 2].map((index) => descriptor(index)[0])).toEqual([1, 2, 255]);
  expect([0, 1].map((index) => descriptor(index).readUInt32LE(158))).toEqual([23, 24]);
  expect(descriptor(0).toString('latin1', 40, 72).trimEnd()).toBe('cidata');
});

test.each([
  ['a label in capitals', 'CIDATA', 'user-data'],
  ['a label too long for Joliet', 'a'.repeat(17), 'user-data'],
  ['a path', 'cidata', '../user-data'],
])('%s is refused', (_what, label, name) => {
  expect(() => isoImage(label, new Map([[name, Buffer.alloc(1)]]), made)).toThrow(RangeError);
});

test('more files than one directory sector holds are refused', () => {
  const many = new Map(Array.from({ length: 17 }, (_, index) => [`file-${index}`, Buffer.alloc(1)]));
  expect(() => isoImage('cidata', many, made)).toThrow('17 files: an image has at most 16');
});
