import { attributes } from '../../codec/attributes.ts';
import { array } from '../../codec/nested.ts';
import { be32, be64 } from '../../codec/scalar.ts';
import { cstring } from '../../codec/text.ts';
import { NFTA_LIST_ELEM } from '../../uapi/nf-tables.ts';
import {
  NFTA_DYNSET_EXPR,
  NFTA_DYNSET_EXPRESSIONS,
  NFTA_DYNSET_FLAGS,
  NFTA_DYNSET_OP,
  NFTA_DYNSET_SET_ID,
  NFTA_DYNSET_SET_NAME,
  NFTA_DYNSET_SREG_DATA,
  NFTA_DYNSET_SREG_KEY,
  NFTA_DYNSET_TIMEOUT,
} from '../../uapi/nf-tables-expr.ts';
import { statefulCodec } from './stateful.ts';

/** Adds, updates or deletes an element of a dynamic set as packets come by. */
export const dynset = attributes(() => ({
  set: [NFTA_DYNSET_SET_NAME, cstring],
  setId: [NFTA_DYNSET_SET_ID, be32],
  /** NFT_DYNSET_OP_*. */
  operator: [NFTA_DYNSET_OP, be32],
  /** Registers. */
  key: [NFTA_DYNSET_SREG_KEY, be32],
  data: [NFTA_DYNSET_SREG_DATA, be32],
  /** Milliseconds. */
  timeout: [NFTA_DYNSET_TIMEOUT, be64],
  /** NFT_DYNSET_F_*. */
  flags: [NFTA_DYNSET_FLAGS, be32],
  /** One expression of the element; several go in `expressions`. */
  expression: [NFTA_DYNSET_EXPR, statefulCodec],
  expressions: [NFTA_DYNSET_EXPRESSIONS, array(statefulCodec, { type: NFTA_LIST_ELEM })],
}));
