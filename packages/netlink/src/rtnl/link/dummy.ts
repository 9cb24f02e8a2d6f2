import { attributes } from '../../codec/attributes.ts';

/** Kind "dummy" has no data of its own. */
export const dummy = attributes({});
