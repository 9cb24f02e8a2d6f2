import { attributes } from '../../codec/attributes.ts';
import { be32, be64 } from '../../codec/scalar.ts';
import { NFTA_LAST_MSECS, NFTA_LAST_SET } from '../../uapi/nf-tables-expr.ts';

/** Remembers when a packet last came by. */
export const last = attributes(() => ({
  /** 0: none came yet. */
  set: [NFTA_LAST_SET, be32],
  /** Since the last packet. */
  milliseconds: [NFTA_LAST_MSECS, be64],
}));
