import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import {
  NFTA_BITWISE_DATA,
  NFTA_BITWISE_DREG,
  NFTA_BITWISE_LEN,
  NFTA_BITWISE_MASK,
  NFTA_BITWISE_OP,
  NFTA_BITWISE_SREG,
  NFTA_BITWISE_SREG2,
  NFTA_BITWISE_XOR,
} from '../../uapi/nf-tables-expr.ts';
import { data } from '../data.ts';

/** NFT_BITWISE_MASK_XOR: destination = (source & mask) ^ xor. Shifts take `data` as a number of bits in host order; AND, OR and XOR take a second register or `data` (Linux 6.14). */
export const bitwise = attributes(() => ({
  source: [NFTA_BITWISE_SREG, be32],
  source2: [NFTA_BITWISE_SREG2, be32],
  destination: [NFTA_BITWISE_DREG, be32],
  /** Bytes. */
  length: [NFTA_BITWISE_LEN, be32],
  /** NFT_BITWISE_*. */
  operator: [NFTA_BITWISE_OP, be32],
  mask: [NFTA_BITWISE_MASK, data],
  xor: [NFTA_BITWISE_XOR, data],
  data: [NFTA_BITWISE_DATA, data],
}));
