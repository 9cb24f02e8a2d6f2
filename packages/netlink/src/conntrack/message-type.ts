import { NFNL_SUBSYS_CTNETLINK } from '../uapi/nfnetlink.ts';

/** nlmsg_type of a message of connection tracking: the subsystem in the upper byte. */
export function conntrackType(message: number): number {
  return (NFNL_SUBSYS_CTNETLINK << 8) | message;
}
