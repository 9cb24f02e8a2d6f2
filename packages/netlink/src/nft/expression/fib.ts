import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_FIB_DREG, NFTA_FIB_FLAGS, NFTA_FIB_RESULT } from '../../uapi/nf-tables-expr.ts';

/** Asks the routing table about the packet. */
export const fib = attributes(() => ({
  destination: [NFTA_FIB_DREG, be32],
  /** NFT_FIB_RESULT_*. */
  result: [NFTA_FIB_RESULT, be32],
  /** NFTA_FIB_F_*. */
  flags: [NFTA_FIB_FLAGS, be32],
}));
