import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_RANGE_FROM_DATA, NFTA_RANGE_OP, NFTA_RANGE_SREG, NFTA_RANGE_TO_DATA } from '../../uapi/nf-tables-expr.ts';
import { data } from '../data.ts';

/** Goes on with the rule only if the register is in the range, ends included (NFT_RANGE_EQ), or is not. */
export const range = attributes(() => ({
  source: [NFTA_RANGE_SREG, be32],
  /** NFT_RANGE_*. */
  operator: [NFTA_RANGE_OP, be32],
  from: [NFTA_RANGE_FROM_DATA, data],
  to: [NFTA_RANGE_TO_DATA, data],
}));
