import { attributes } from '../../codec/attributes.ts';

/** Leaves the packet out of connection tracking. Only at hooks before it. It has nothing to say. */
export const notrack = attributes(() => ({}));
