import { describe, expect, it } from 'vitest';
import { dhcpRange } from './dhcp-range.ts';

describe('R-04 dhcpRange', () => {
  it.each([
    ['10.240.0.1', 24, '10.240.0.100', '10.240.0.199'],
    ['10.1.2.3', 8, '10.1.2.100', '10.1.2.199'],
    // 125 addresses for clients, 50 of them.
    ['10.0.0.129', 25, '10.0.0.205', '10.0.0.254'],
    ['10.0.0.254', 25, '10.0.0.204', '10.0.0.253'],
    // The gateway inside costs one more.
    ['10.0.0.250', 25, '10.0.0.204', '10.0.0.254'],
    ['10.0.0.1', 29, '10.0.0.5', '10.0.0.6'],
    ['10.0.0.1', 30, '10.0.0.2', '10.0.0.2'],
    ['10.0.0.2', 30, '10.0.0.1', '10.0.0.1'],
  ])('%s/%i: %s to %s', (gateway, prefix, start, end) => {
    expect(dhcpRange(gateway, prefix)).toEqual({ start, end });
  });

  it('takes what the spec says', () => {
    expect(dhcpRange('10.0.0.1', 24, { rangeEnd: '10.0.0.150' })).toEqual({ start: '10.0.0.100', end: '10.0.0.150' });
  });
});
