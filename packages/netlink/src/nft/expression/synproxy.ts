import { attributes } from '../../codec/attributes.ts';
import { be16, be32, u8 } from '../../codec/scalar.ts';
import { NFTA_SYNPROXY_FLAGS, NFTA_SYNPROXY_MSS, NFTA_SYNPROXY_WSCALE } from '../../uapi/nf-tables-expr.ts';

/** Answers TCP SYNs in place of the server behind. */
export const synproxy = attributes(() => ({
  /** Bytes. */
  mss: [NFTA_SYNPROXY_MSS, be16],
  windowScale: [NFTA_SYNPROXY_WSCALE, u8],
  /** NF_SYNPROXY_OPT_*. */
  flags: [NFTA_SYNPROXY_FLAGS, be32],
}));
