import { attributes } from '../../codec/attributes.ts';
import { be32, bytes } from '../../codec/scalar.ts';
import { cstring } from '../../codec/text.ts';
import { NFTA_TARGET_INFO, NFTA_TARGET_NAME, NFTA_TARGET_REV } from '../../uapi/nf-tables-compat.ts';

/** An extension of iptables that acts. Rules that iptables-nft wrote have it. */
export const target = attributes(() => ({
  extension: [NFTA_TARGET_NAME, cstring],
  revision: [NFTA_TARGET_REV, be32],
  /** The extension’s own struct. */
  info: [NFTA_TARGET_INFO, bytes],
}));
