import { array } from '../codec/nested.ts';
import { cstring } from '../codec/text.ts';
import { NFTA_DEVICE_NAME } from '../uapi/nf-tables.ts';

/** Names of the links that a hook is at: of chains of the hooks ingress and egress, and of flowtables. */
export const deviceList = array(cstring, { type: NFTA_DEVICE_NAME });
