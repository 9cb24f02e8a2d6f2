import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_DUP_SREG_ADDR, NFTA_DUP_SREG_DEV } from '../../uapi/nf-tables-expr.ts';

/** Sends a copy of the packet to another address, or out of another link. */
export const dup = attributes(() => ({
  /** Registers. */
  address: [NFTA_DUP_SREG_ADDR, be32],
  /** With the index of the link, host order. */
  device: [NFTA_DUP_SREG_DEV, be32],
}));
