import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import {
  NFTA_BYTEORDER_DREG,
  NFTA_BYTEORDER_LEN,
  NFTA_BYTEORDER_OP,
  NFTA_BYTEORDER_SIZE,
  NFTA_BYTEORDER_SREG,
} from '../../uapi/nf-tables-expr.ts';

/** Swaps the bytes of numbers in a register between host and packet order. */
export const byteorder = attributes(() => ({
  source: [NFTA_BYTEORDER_SREG, be32],
  destination: [NFTA_BYTEORDER_DREG, be32],
  /** NFT_BYTEORDER_*. */
  operator: [NFTA_BYTEORDER_OP, be32],
  /** Bytes in all. */
  length: [NFTA_BYTEORDER_LEN, be32],
  /** Bytes of one number: 2, 4 or 8. */
  size: [NFTA_BYTEORDER_SIZE, be32],
}));
