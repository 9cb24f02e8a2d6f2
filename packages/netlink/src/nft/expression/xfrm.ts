import { attributes } from '../../codec/attributes.ts';
import { be32, u8 } from '../../codec/scalar.ts';
import { NFTA_XFRM_DIR, NFTA_XFRM_DREG, NFTA_XFRM_KEY, NFTA_XFRM_SPNUM } from '../../uapi/nf-tables-expr.ts';

/** Loads what is known about the IPsec state of the packet. */
export const xfrm = attributes(() => ({
  destination: [NFTA_XFRM_DREG, be32],
  /** NFT_XFRM_KEY_*. */
  key: [NFTA_XFRM_KEY, be32],
  /** 0: in, 2: out (XFRM_POLICY_*). */
  direction: [NFTA_XFRM_DIR, u8],
  /** Which of the states, from the outermost. */
  state: [NFTA_XFRM_SPNUM, be32],
}));
