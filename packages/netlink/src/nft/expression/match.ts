import { attributes } from '../../codec/attributes.ts';
import { be32, bytes } from '../../codec/scalar.ts';
import { cstring } from '../../codec/text.ts';
import { NFTA_MATCH_INFO, NFTA_MATCH_NAME, NFTA_MATCH_REV } from '../../uapi/nf-tables-compat.ts';

/** An extension of iptables that decides. Rules that iptables-nft wrote have it. */
export const match = attributes(() => ({
  extension: [NFTA_MATCH_NAME, cstring],
  revision: [NFTA_MATCH_REV, be32],
  /** The extension’s own struct. */
  info: [NFTA_MATCH_INFO, bytes],
}));
