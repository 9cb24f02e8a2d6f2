import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { NFTA_MASQ_FLAGS, NFTA_MASQ_REG_PROTO_MAX, NFTA_MASQ_REG_PROTO_MIN } from '../../uapi/nf-tables-expr.ts';

/** Translates the source to the address of the outgoing link. Only in chains of the type nat at postrouting. */
export const masq = attributes(() => ({
  /** NF_NAT_RANGE_*. */
  flags: [NFTA_MASQ_FLAGS, be32],
  /** Registers. */
  portMin: [NFTA_MASQ_REG_PROTO_MIN, be32],
  portMax: [NFTA_MASQ_REG_PROTO_MAX, be32],
}));
