import { attributes } from '../../codec/attributes.ts';
import { be32, u8 } from '../../codec/scalar.ts';
import { NFTA_CT_DIRECTION, NFTA_CT_DREG, NFTA_CT_KEY, NFTA_CT_SREG } from '../../uapi/nf-tables-expr.ts';

/** Loads, or sets from `source`, what is known about a packet’s connection. */
export const ct = attributes(() => ({
  /** NFT_CT_*. */
  key: [NFTA_CT_KEY, be32],
  destination: [NFTA_CT_DREG, be32],
  /** 0: original, 1: reply. */
  direction: [NFTA_CT_DIRECTION, u8],
  source: [NFTA_CT_SREG, be32],
}));
