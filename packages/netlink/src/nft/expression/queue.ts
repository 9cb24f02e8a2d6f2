import { attributes } from '../../codec/attributes.ts';
import { be16, be32 } from '../../codec/scalar.ts';
import { NFTA_QUEUE_FLAGS, NFTA_QUEUE_NUM, NFTA_QUEUE_SREG_QNUM, NFTA_QUEUE_TOTAL } from '../../uapi/nf-tables-expr.ts';

/** Hands the packet to a program. */
export const queue = attributes(() => ({
  /** The first queue. */
  number: [NFTA_QUEUE_NUM, be16],
  /** How many queues share the packets. */
  total: [NFTA_QUEUE_TOTAL, be16],
  /** NFT_QUEUE_FLAG_*. */
  flags: [NFTA_QUEUE_FLAGS, be16],
  /** Register with the queue’s number. */
  source: [NFTA_QUEUE_SREG_QNUM, be32],
}));
