import { attributes } from '../../codec/attributes.ts';
import { be32 } from '../../codec/scalar.ts';
import {
  NFTA_INNER_EXPR,
  NFTA_INNER_FLAGS,
  NFTA_INNER_HDRSIZE,
  NFTA_INNER_NUM,
  NFTA_INNER_TYPE,
} from '../../uapi/nf-tables-expr.ts';
import { meta } from './meta.ts';
import { payload } from './payload.ts';
import { expressionTable } from './table.ts';

/** Evaluates an expression on the packet inside a tunnel's packet. */
export const inner = attributes(() => ({
  /** Always 0. */
  number: [NFTA_INNER_NUM, be32],
  /** NFT_INNER_VXLAN, NFT_INNER_GENEVE; 0 for others. */
  type: [NFTA_INNER_TYPE, be32],
  /** NFT_INNER_*: which headers are inside. */
  flags: [NFTA_INNER_FLAGS, be32],
  /** Bytes of the tunnel's header. */
  headerSize: [NFTA_INNER_HDRSIZE, be32],
  expression: [NFTA_INNER_EXPR, expressionTable({ payload, meta })],
}));
