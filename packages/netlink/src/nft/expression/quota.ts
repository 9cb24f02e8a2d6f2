import { attributes } from '../../codec/attributes.ts';
import { be32, be64 } from '../../codec/scalar.ts';
import { NFTA_QUOTA_BYTES, NFTA_QUOTA_CONSUMED, NFTA_QUOTA_FLAGS } from '../../uapi/nf-tables-expr.ts';

/** Goes on until so many bytes have passed; with NFT_QUOTA_F_INV, from then on. */
export const quota = attributes(() => ({
  bytes: [NFTA_QUOTA_BYTES, be64],
  /** NFT_QUOTA_F_*. */
  flags: [NFTA_QUOTA_FLAGS, be32],
  /** Bytes that have passed. */
  consumed: [NFTA_QUOTA_CONSUMED, be64],
}));
