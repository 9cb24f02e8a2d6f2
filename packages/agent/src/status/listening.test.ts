import { describe, expect, it } from 'vitest';
import { parseListening, steadyListening } from './listening.ts';

/** Captured from a host: ssh on any, postgres on 127.0.0.1, an established connection. */
const tcp = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 20217 1
   1: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   113        0 22030 1
   2: 6528A8C0:0016 0128A8C0:C001 01 00000000:00000000 00:00000000 00000000     0        0 31415 1
   3: 6528A8C0:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31416 1
`;
/** ssh on ::, something on ::1, something on ::ffff:127.0.0.1. */
const tcp6 = `  sl  local_address                         remote_address                        st tx_queue
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 00000000000000000000000001000000:0019 00000000000000000000000000000000:0000 0A 00000000:00000000
   2: 0000000000000000FFFF00000100007F:001A 00000000000000000000000000000000:0000 0A 00000000:00000000
   3: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000
`;
const udp = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
  300: 00000000:12B5 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2
  301: 00000000:C350 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2
  302: 6528A8C0:9C40 0101A8C0:0035 01 00000000:00000000 00:00000000 00000000     0        0 1 2
`;

describe('listening ports (R-06)', () => {
  it('are those on any address or one that is not loopback', () => {
    expect(parseListening({ tcp, tcp6, udp, udp6: '' })).toEqual([
      { protocol: 'tcp', port: 22 },
      { protocol: 'tcp', port: 443 },
      { protocol: 'tcp', port: 8080 },
      { protocol: 'udp', port: 4789 },
      { protocol: 'udp', port: 50000 },
    ]);
  });

  it('count an ephemeral UDP port only when it stays', () => {
    const range = { first: 32768, last: 60999 };
    const once = parseListening({ tcp: '', tcp6: '', udp, udp6: '' });
    expect(steadyListening(once, undefined, range)).toEqual([{ protocol: 'udp', port: 4789 }]);
    expect(steadyListening(once, once, range)).toEqual(once);
  });
});
