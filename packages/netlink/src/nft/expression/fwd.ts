import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_FWD_NFPROTO, NFTA_FWD_SREG_ADDR, NFTA_FWD_SREG_DEV } from '../../uapi/nf-tables-expr.ts';

/** Sends the packet out of another link. Only in the netdev family. */
export const fwd = attributes(() => ({
  /** Register with the index of the link, host order. */
  device: [NFTA_FWD_SREG_DEV, be32],
  /** Register with a neighbour’s address. */
  address: [NFTA_FWD_SREG_ADDR, be32],
  /** NFPROTO_* of the address. */
  family: [NFTA_FWD_NFPROTO, be32],
}));
