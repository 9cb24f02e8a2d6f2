import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';

/** Kind "dummy" has no data of its own. */
export const dummy = attributes({});
export type Dummy = Infer<typeof dummy>;
