import { u32 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';

/** `struct tc_fifo_qopt`: packets of pfifo, bytes of bfifo. Source: include/uapi/linux/pkt_sched.h. */
export const fifo = struct({ limit: u32 });
