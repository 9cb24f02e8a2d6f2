import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { cstring } from '../../codec/text.ts';
import {
  NFTA_LOOKUP_DREG,
  NFTA_LOOKUP_FLAGS,
  NFTA_LOOKUP_SET,
  NFTA_LOOKUP_SET_ID,
  NFTA_LOOKUP_SREG,
} from '../../uapi/nf-tables-expr.ts';

/** Looks a key up in a set; in a map, the data goes to `destination`, a verdict to register 0. */
export const lookup = attributes(() => ({
  set: [NFTA_LOOKUP_SET, cstring],
  /** Of a set that is made in the same transaction. */
  setId: [NFTA_LOOKUP_SET_ID, be32],
  source: [NFTA_LOOKUP_SREG, be32],
  destination: [NFTA_LOOKUP_DREG, be32],
  /** NFT_LOOKUP_F_INV: not in the set. */
  flags: [NFTA_LOOKUP_FLAGS, be32],
}));
