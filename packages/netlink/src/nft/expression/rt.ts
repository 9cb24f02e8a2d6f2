import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_RT_DREG, NFTA_RT_KEY } from '../../uapi/nf-tables-expr.ts';

/** Loads what is known about the packet’s route. */
export const rt = attributes(() => ({
  destination: [NFTA_RT_DREG, be32],
  /** NFT_RT_*. */
  key: [NFTA_RT_KEY, be32],
}));
