import { attributes } from '../../codec/attributes.ts';
import { cstring } from '../../codec/text.ts';
import { NFTA_SECMARK_CTX } from '../../uapi/nf-tables-object.ts';

/**
 * A security label, for packets that a rule gives it. ENOENT when the kernel's security module does not know the context
 * (AppArmor: there is no profile of that name), and where there is no such module.
 */
export const secmark = attributes(() => ({ context: [NFTA_SECMARK_CTX, cstring] }));
