import { attributes } from '../../codec/attributes.ts';
import { be32, be64 } from '../../codec/scalar.ts';
import {
  NFTA_LIMIT_BURST,
  NFTA_LIMIT_FLAGS,
  NFTA_LIMIT_RATE,
  NFTA_LIMIT_TYPE,
  NFTA_LIMIT_UNIT,
} from '../../uapi/nf-tables-expr.ts';

/** Goes on while packets or bytes come no faster than the rate; with NFT_LIMIT_F_INV, while they come faster. */
export const limit = attributes(() => ({
  /** Packets or bytes in a unit. */
  rate: [NFTA_LIMIT_RATE, be64],
  /** Seconds. */
  unit: [NFTA_LIMIT_UNIT, be64],
  /** Packets or bytes beyond the rate. */
  burst: [NFTA_LIMIT_BURST, be32],
  /** NFT_LIMIT_PKTS or NFT_LIMIT_PKT_BYTES. */
  type: [NFTA_LIMIT_TYPE, be32],
  flags: [NFTA_LIMIT_FLAGS, be32],
}));
