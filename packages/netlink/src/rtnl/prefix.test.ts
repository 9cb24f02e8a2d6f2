import { expect, test } from 'vitest';
import { AF_INET, AF_INET6 } from '../uapi/socket.ts';
import { formatPrefix, parsePrefix } from './prefix.ts';

test('prefixes of both families', () => {
  expect(parsePrefix('10.0.0.0/24')).toEqual({ family: AF_INET, address: '10.0.0.0', length: 24 });
  expect(parsePrefix('2001:db8::/32')).toEqual({ family: AF_INET6, address: '2001:db8::', length: 32 });
  expect(formatPrefix({ family: AF_INET, address: undefined, length: 0 })).toBe('0.0.0.0/0');
  expect(formatPrefix({ family: AF_INET6, address: undefined, length: 0 })).toBe('::/0');
});

test.each(['10.0.0.0', '10.0.0.0/33', '::/129', 'default', '10.0.0.0/', '/8'])('%s is none', (text) => {
  expect(() => parsePrefix(text)).toThrow(`'${text}' is not a prefix`);
});
