import { attributes } from '../../codec/attributes.ts';
import { be64 } from '../../codec/scalar.ts';
import { NFTA_COUNTER_BYTES, NFTA_COUNTER_PACKETS } from '../../uapi/nf-tables-expr.ts';

/** Counts packets and bytes. */
export const counter = attributes(() => ({
  bytes: [NFTA_COUNTER_BYTES, be64],
  packets: [NFTA_COUNTER_PACKETS, be64],
}));
