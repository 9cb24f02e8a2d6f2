import { attributes } from '../../codec/attributes.ts';
import { be32, u8 } from '../../codec/scalar.ts';
import { NFTA_OSF_DREG, NFTA_OSF_FLAGS, NFTA_OSF_TTL } from '../../uapi/nf-tables-expr.ts';

/** Loads the name of the operating system that a TCP SYN looks like. */
export const osf = attributes(() => ({
  destination: [NFTA_OSF_DREG, be32],
  /** 0: strict, 1: not checked, 2: smaller is fine. */
  ttl: [NFTA_OSF_TTL, u8],
  /** NFT_OSF_F_VERSION. */
  flags: [NFTA_OSF_FLAGS, be32],
}));
