import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_TPROXY_FAMILY, NFTA_TPROXY_REG_ADDR, NFTA_TPROXY_REG_PORT } from '../../uapi/nf-tables-expr.ts';

/** Hands the packet to a local socket without translating it. */
export const tproxy = attributes(() => ({
  /** NFPROTO_*. */
  family: [NFTA_TPROXY_FAMILY, be32],
  /** Registers. */
  address: [NFTA_TPROXY_REG_ADDR, be32],
  port: [NFTA_TPROXY_REG_PORT, be32],
}));
