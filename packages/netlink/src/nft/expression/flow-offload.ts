import { attributes } from '../../codec/attributes.ts';
import { cstring } from '../../codec/text.ts';
import { NFTA_FLOW_TABLE_NAME } from '../../uapi/nf-tables-expr.ts';

/** Hands the connection over to a flowtable. */
export const flowOffload = attributes(() => ({
  flowtable: [NFTA_FLOW_TABLE_NAME, cstring],
}));
