import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_NG_DREG, NFTA_NG_MODULUS, NFTA_NG_OFFSET, NFTA_NG_TYPE } from '../../uapi/nf-tables-expr.ts';

/** Makes a number: one after the other, or at random: offset + n % modulus. */
export const numgen = attributes(() => ({
  destination: [NFTA_NG_DREG, be32],
  modulus: [NFTA_NG_MODULUS, be32],
  /** NFT_NG_*. */
  type: [NFTA_NG_TYPE, be32],
  offset: [NFTA_NG_OFFSET, be32],
}));
