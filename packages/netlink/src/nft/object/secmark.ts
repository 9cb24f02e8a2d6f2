import { attributes } from '../../codec/attributes.ts';
import { cstring } from '../../codec/text.ts';
import { NFTA_SECMARK_CTX } from '../../uapi/nf-tables-object.ts';

/**
 * A security label, for packets that a rule gives it. The kernel's security module must know the context: ENOENT when
 * AppArmor has no profile of that name.
 */
export const secmark = attributes(() => ({ context: [NFTA_SECMARK_CTX, cstring] }));
