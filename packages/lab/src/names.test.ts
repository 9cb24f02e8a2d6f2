import { KcoreError } from '@kcore/contract';
import { expect, test } from 'vitest';
import { checkLabName, guestNamespace, isOfLab, namespaceOf, nodeAddress, nodeNumber, worldPorts } from './names.ts';

test.each(['lab', 't4711', 'My_Lab2'])('%s is a name for a lab', (name) => {
  expect(checkLabName(name)).toBe(name);
});

test.each(['', 'a-b', '../x', 'a b', 'x'.repeat(25)])('%j is no name for a lab', (name) => {
  expect(() => checkLabName(name)).toThrow(KcoreError);
});

test.each(['node-1', 'node-3', 'node-150'])('%s is a node', (name) => {
  expect(nodeAddress(name)).toBe(`192.168.40.${100 + Number(name.slice(5))}`);
});

test.each(['node-0', 'node-151', 'node-01', 'node', 'x/node-1'])('%s is no node', (name) => {
  expect(() => nodeNumber(name)).toThrow('node-1 to node-150');
});

test('what belongs to one lab is never taken for another one', () => {
  const [a, b] = ['a', 'a_b'];
  expect(isOfLab(a, guestNamespace(b, 'web-01'))).toBe(false);
  expect(isOfLab(b, namespaceOf(b, 'world'))).toBe(true);
  expect(isOfLab(a, 'kcl-ab-world')).toBe(false);
});

test("the names of the world's ports fit the kernel", () => {
  expect(worldPorts('node-150')).toEqual({ segment: 'n150-eno1', upstream: 'n150-eno2' });
});
