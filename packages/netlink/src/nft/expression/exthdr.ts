import { attributes } from '../../codec/attributes.ts';
import { be32, u8 } from '../../codec/scalar.ts';
import {
  NFTA_EXTHDR_DREG,
  NFTA_EXTHDR_FLAGS,
  NFTA_EXTHDR_LEN,
  NFTA_EXTHDR_OFFSET,
  NFTA_EXTHDR_OP,
  NFTA_EXTHDR_SREG,
  NFTA_EXTHDR_TYPE,
} from '../../uapi/nf-tables-expr.ts';

/** Loads, or sets from `source`, a field of an IPv6 extension header, a TCP or IPv4 option, an SCTP chunk. Without registers it removes a TCP option. */
export const exthdr = attributes(() => ({
  destination: [NFTA_EXTHDR_DREG, be32],
  /** Of the header or option. */
  type: [NFTA_EXTHDR_TYPE, u8],
  /** Bytes. */
  offset: [NFTA_EXTHDR_OFFSET, be32],
  /** Bytes. */
  length: [NFTA_EXTHDR_LEN, be32],
  /** NFT_EXTHDR_F_PRESENT: only whether it is there. */
  flags: [NFTA_EXTHDR_FLAGS, be32],
  /** NFT_EXTHDR_OP_*. */
  operator: [NFTA_EXTHDR_OP, be32],
  source: [NFTA_EXTHDR_SREG, be32],
}));
