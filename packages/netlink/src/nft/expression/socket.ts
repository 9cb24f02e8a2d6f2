import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_SOCKET_DREG, NFTA_SOCKET_KEY, NFTA_SOCKET_LEVEL } from '../../uapi/nf-tables-expr.ts';

/** Loads what is known about the local socket that the packet is for. */
export const socket = attributes(() => ({
  /** NFT_SOCKET_*. */
  key: [NFTA_SOCKET_KEY, be32],
  destination: [NFTA_SOCKET_DREG, be32],
  /** Of NFT_SOCKET_CGROUPV2: which ancestor. */
  level: [NFTA_SOCKET_LEVEL, be32],
}));
