import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_IMMEDIATE_DATA, NFTA_IMMEDIATE_DREG } from '../../uapi/nf-tables-expr.ts';
import { data } from '../data.ts';

/** Loads a constant; a verdict goes to register 0. */
export const immediate = attributes(() => ({
  destination: [NFTA_IMMEDIATE_DREG, be32],
  data: [NFTA_IMMEDIATE_DATA, data],
}));
