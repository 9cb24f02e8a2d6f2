import { attributes } from '../../codec/attributes.ts';
import { be32, u8 } from '../../codec/scalar.ts';
import { NFTA_REJECT_ICMP_CODE, NFTA_REJECT_TYPE } from '../../uapi/nf-tables-expr.ts';

/** Answers with an ICMP error or a TCP reset, and drops. */
export const reject = attributes(() => ({
  /** NFT_REJECT_*. */
  type: [NFTA_REJECT_TYPE, be32],
  /** Of ICMP or ICMPv6; NFT_REJECT_ICMPX_* stands for the one that fits. */
  code: [NFTA_REJECT_ICMP_CODE, u8],
}));
