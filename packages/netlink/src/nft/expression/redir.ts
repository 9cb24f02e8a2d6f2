import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_REDIR_FLAGS, NFTA_REDIR_REG_PROTO_MAX, NFTA_REDIR_REG_PROTO_MIN } from '../../uapi/nf-tables-expr.ts';

/** Translates the destination to this host. Only in chains of the type nat at prerouting or output. */
export const redir = attributes(() => ({
  /** Registers. */
  portMin: [NFTA_REDIR_REG_PROTO_MIN, be32],
  portMax: [NFTA_REDIR_REG_PROTO_MAX, be32],
  /** NF_NAT_RANGE_*. */
  flags: [NFTA_REDIR_FLAGS, be32],
}));
