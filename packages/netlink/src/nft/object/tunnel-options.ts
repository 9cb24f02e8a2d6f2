import { attributes } from '../../codec/attributes.ts';
import { nested } from '../../codec/nested.ts';
import { repeated } from '../../codec/repeated.ts';
import { be16, be32, bytes, u8 } from '../../codec/scalar.ts';
import {
  NFTA_TUNNEL_KEY_ERSPAN_V1_INDEX,
  NFTA_TUNNEL_KEY_ERSPAN_V2_DIR,
  NFTA_TUNNEL_KEY_ERSPAN_V2_HWID,
  NFTA_TUNNEL_KEY_ERSPAN_VERSION,
  NFTA_TUNNEL_KEY_GENEVE_CLASS,
  NFTA_TUNNEL_KEY_GENEVE_DATA,
  NFTA_TUNNEL_KEY_GENEVE_TYPE,
  NFTA_TUNNEL_KEY_OPTS_ERSPAN,
  NFTA_TUNNEL_KEY_OPTS_GENEVE,
  NFTA_TUNNEL_KEY_OPTS_VXLAN,
  NFTA_TUNNEL_KEY_VXLAN_GBP,
} from '../../uapi/nf-tables-object.ts';

const vxlan = attributes(() => ({
  /** The group policy, which a link with `gbp` writes. */
  gbp: [NFTA_TUNNEL_KEY_VXLAN_GBP, be32],
}));

const erspan = attributes(() => ({
  /** 1, which takes an index, or 2, which takes the others. */
  version: [NFTA_TUNNEL_KEY_ERSPAN_VERSION, be32],
  index: [NFTA_TUNNEL_KEY_ERSPAN_V1_INDEX, be32],
  hardwareId: [NFTA_TUNNEL_KEY_ERSPAN_V2_HWID, u8],
  /** 0: ingress; 1: egress. */
  direction: [NFTA_TUNNEL_KEY_ERSPAN_V2_DIR, u8],
}));

const geneve = attributes(() => ({
  class: [NFTA_TUNNEL_KEY_GENEVE_CLASS, be16],
  type: [NFTA_TUNNEL_KEY_GENEVE_TYPE, u8],
  /** A multiple of four bytes. */
  data: [NFTA_TUNNEL_KEY_GENEVE_DATA, bytes],
}));

/**
 * What VXLAN, ERSPAN or Geneve have in their header besides the id. The kernel takes those of one of them, and tells an
 * empty record where there are none. It asks for NLA_F_NESTED on what is Geneve's but leaves it out when it tells them,
 * so that they could not be written back as bytes.
 */
export const tunnelOptions = attributes(() => ({
  vxlan: [NFTA_TUNNEL_KEY_OPTS_VXLAN, nested(vxlan)],
  erspan: [NFTA_TUNNEL_KEY_OPTS_ERSPAN, nested(erspan)],
  geneve: [NFTA_TUNNEL_KEY_OPTS_GENEVE, repeated(nested(geneve))],
}));
