import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_CONNLIMIT_COUNT, NFTA_CONNLIMIT_FLAGS } from '../../uapi/nf-tables-expr.ts';

/** Goes on while there are no more connections than that; with NFT_CONNLIMIT_F_INV, while there are more. */
export const connlimit = attributes(() => ({
  count: [NFTA_CONNLIMIT_COUNT, be32],
  flags: [NFTA_CONNLIMIT_FLAGS, be32],
}));
