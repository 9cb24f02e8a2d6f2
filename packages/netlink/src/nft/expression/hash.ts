import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import {
  NFTA_HASH_DREG,
  NFTA_HASH_LEN,
  NFTA_HASH_MODULUS,
  NFTA_HASH_OFFSET,
  NFTA_HASH_SEED,
  NFTA_HASH_SREG,
  NFTA_HASH_TYPE,
} from '../../uapi/nf-tables-expr.ts';

/** Hashes a register, or the packet’s addresses and ports (NFT_HASH_SYM): offset + hash % modulus. */
export const hash = attributes(() => ({
  source: [NFTA_HASH_SREG, be32],
  destination: [NFTA_HASH_DREG, be32],
  /** Bytes. */
  length: [NFTA_HASH_LEN, be32],
  modulus: [NFTA_HASH_MODULUS, be32],
  /** Absent: a random one. */
  seed: [NFTA_HASH_SEED, be32],
  offset: [NFTA_HASH_OFFSET, be32],
  /** NFT_HASH_*. */
  type: [NFTA_HASH_TYPE, be32],
}));
