import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_META_DREG, NFTA_META_KEY, NFTA_META_SREG } from '../../uapi/nf-tables-expr.ts';

/** Loads, or sets from `source`, what is known about a packet beside its bytes. */
export const meta = attributes(() => ({
  /** NFT_META_*. */
  key: [NFTA_META_KEY, be32],
  destination: [NFTA_META_DREG, be32],
  source: [NFTA_META_SREG, be32],
}));
