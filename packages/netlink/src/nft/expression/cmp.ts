import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_CMP_DATA, NFTA_CMP_OP, NFTA_CMP_SREG } from '../../uapi/nf-tables-expr.ts';
import { data } from '../data.ts';

/** Goes on with the rule only if the comparison holds. */
export const cmp = attributes(() => ({
  source: [NFTA_CMP_SREG, be32],
  /** NFT_CMP_*. Less and greater compare bytes from the left, as numbers in packet order. */
  operator: [NFTA_CMP_OP, be32],
  data: [NFTA_CMP_DATA, data],
}));
