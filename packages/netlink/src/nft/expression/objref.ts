import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import { cstring } from '../../codec/text.ts';
import {
  NFTA_OBJREF_IMM_NAME,
  NFTA_OBJREF_IMM_TYPE,
  NFTA_OBJREF_SET_ID,
  NFTA_OBJREF_SET_NAME,
  NFTA_OBJREF_SET_SREG,
} from '../../uapi/nf-tables-expr.ts';

/** Uses a named object: the one given, or the one that a map has for the key in `source`. */
export const objref = attributes(() => ({
  /** NFT_OBJECT_*. */
  type: [NFTA_OBJREF_IMM_TYPE, be32],
  object: [NFTA_OBJREF_IMM_NAME, cstring],
  /** Register with the key. */
  source: [NFTA_OBJREF_SET_SREG, be32],
  set: [NFTA_OBJREF_SET_NAME, cstring],
  setId: [NFTA_OBJREF_SET_ID, be32],
}));
