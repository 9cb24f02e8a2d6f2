import { openAnswering } from '../answering.ts';
import { OUTSIDE_ADDRESS } from '../names.ts';

// The host on the outside of a lab: what a VM reaches through NAT, and what tells it which address it came from.
await openAnswering({
  tcpPort: 80,
  udpPort: 7,
  udpAddress: OUTSIDE_ADDRESS,
  answer: (remote) => `the world sees you as ${remote}`,
});
process.stdout.write('the world answers on tcp 80 and udp 7\n');
