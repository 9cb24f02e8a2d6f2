import type { FilterInstruction } from '../../model/packet-socket.ts';
import { CLIENT_PORT, SERVER_PORT } from './packet.ts';

/** Opcodes of classic BPF. Source: linux/bpf_common.h. */
const LOAD_BYTE = 0x30;
const LOAD_HALF = 0x28;
const LOAD_HALF_INDEXED = 0x48;
/** X = 4 × the low half of a byte: the length of an IPv4 header. */
const LOAD_HEADER_LENGTH = 0xb1;
const JUMP_EQUAL = 0x15;
const JUMP_BITS = 0x45;
const RETURN = 0x06;

const IP = 14;
const UDP_PROTOCOL = 17;
const FRAGMENT_OFFSET = 0x1fff;
const WHOLE_FRAME = 0xffff;

/**
 * What DHCP servers send to clients, of IPv4 frames: UDP from port 67 to 68, unfragmented. In the kernel, because a
 * bridge that is a gateway hands all its guests' traffic to whoever listens for IPv4.
 */
export const DHCP_REPLIES: readonly FilterInstruction[] = [
  { code: LOAD_BYTE, k: IP + 9 },
  { code: JUMP_EQUAL, k: UDP_PROTOCOL, jf: 8 },
  { code: LOAD_HALF, k: IP + 6 },
  { code: JUMP_BITS, k: FRAGMENT_OFFSET, jt: 6 },
  { code: LOAD_HEADER_LENGTH, k: IP },
  { code: LOAD_HALF_INDEXED, k: IP },
  { code: JUMP_EQUAL, k: SERVER_PORT, jf: 3 },
  { code: LOAD_HALF_INDEXED, k: IP + 2 },
  { code: JUMP_EQUAL, k: CLIENT_PORT, jf: 1 },
  { code: RETURN, k: WHOLE_FRAME },
  { code: RETURN, k: 0 },
];
