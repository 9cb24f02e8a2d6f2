import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_TUNNEL_DREG, NFTA_TUNNEL_KEY, NFTA_TUNNEL_MODE } from '../../uapi/nf-tables-expr.ts';

/**
 * Loads what is known about the tunnel that the packet came from or goes to. For tables of netdev only: ENOENT in others.
 */
export const tunnel = attributes(() => ({
  /** NFT_TUNNEL_PATH: one byte, 1 when there is a tunnel; NFT_TUNNEL_ID: four bytes, host order. */
  key: [NFTA_TUNNEL_KEY, be32],
  destination: [NFTA_TUNNEL_DREG, be32],
  /** NFT_TUNNEL_MODE_*. */
  mode: [NFTA_TUNNEL_MODE, be32],
}));
