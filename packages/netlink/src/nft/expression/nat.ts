import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import {
  NFTA_NAT_FAMILY,
  NFTA_NAT_FLAGS,
  NFTA_NAT_REG_ADDR_MAX,
  NFTA_NAT_REG_ADDR_MIN,
  NFTA_NAT_REG_PROTO_MAX,
  NFTA_NAT_REG_PROTO_MIN,
  NFTA_NAT_TYPE,
} from '../../uapi/nf-tables-expr.ts';

/** Translates the source or destination. Only in chains of the type nat. */
export const nat = attributes(() => ({
  /** NFT_NAT_*. */
  type: [NFTA_NAT_TYPE, be32],
  /** NFPROTO_IPV4 or NFPROTO_IPV6. */
  family: [NFTA_NAT_FAMILY, be32],
  /** Registers, here and below. */
  addressMin: [NFTA_NAT_REG_ADDR_MIN, be32],
  addressMax: [NFTA_NAT_REG_ADDR_MAX, be32],
  portMin: [NFTA_NAT_REG_PROTO_MIN, be32],
  portMax: [NFTA_NAT_REG_PROTO_MAX, be32],
  /** NF_NAT_RANGE_*. */
  flags: [NFTA_NAT_FLAGS, be32],
}));
