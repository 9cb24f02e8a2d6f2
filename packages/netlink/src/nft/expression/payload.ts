import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import {
  NFTA_PAYLOAD_BASE,
  NFTA_PAYLOAD_CSUM_FLAGS,
  NFTA_PAYLOAD_CSUM_OFFSET,
  NFTA_PAYLOAD_CSUM_TYPE,
  NFTA_PAYLOAD_DREG,
  NFTA_PAYLOAD_LEN,
  NFTA_PAYLOAD_OFFSET,
  NFTA_PAYLOAD_SREG,
} from '../../uapi/nf-tables-expr.ts';

/** Loads bytes of the packet into a register; with `source`, writes a register into the packet and mends the checksum. */
export const payload = attributes(() => ({
  destination: [NFTA_PAYLOAD_DREG, be32],
  /** NFT_PAYLOAD_*_HEADER. */
  base: [NFTA_PAYLOAD_BASE, be32],
  /** Bytes from the base. */
  offset: [NFTA_PAYLOAD_OFFSET, be32],
  /** Bytes. */
  length: [NFTA_PAYLOAD_LEN, be32],
  source: [NFTA_PAYLOAD_SREG, be32],
  /** NFT_PAYLOAD_CSUM_*. */
  checksumType: [NFTA_PAYLOAD_CSUM_TYPE, be32],
  /** Bytes from the base. */
  checksumOffset: [NFTA_PAYLOAD_CSUM_OFFSET, be32],
  /** NFT_PAYLOAD_L4CSUM_PSEUDOHDR: the transport header has a checksum over addresses, too. */
  checksumFlags: [NFTA_PAYLOAD_CSUM_FLAGS, be32],
}));
