import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_TUNNEL_DREG, NFTA_TUNNEL_KEY, NFTA_TUNNEL_MODE } from '../../uapi/nf-tables-expr.ts';

/** Loads what is known about the tunnel that the packet came from or goes to. */
export const tunnel = attributes({
  /** NFT_TUNNEL_*. */
  key: [NFTA_TUNNEL_KEY, be32],
  destination: [NFTA_TUNNEL_DREG, be32],
  /** NFT_TUNNEL_MODE_*. */
  mode: [NFTA_TUNNEL_MODE, be32],
});
