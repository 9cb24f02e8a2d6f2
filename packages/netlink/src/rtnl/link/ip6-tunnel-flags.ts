import { bits } from '../../codec/bits.ts';
import { u32 } from '../../codec/scalar.ts';
import {
  IP6_TNL_F_ALLOW_LOCAL_REMOTE,
  IP6_TNL_F_CAP_PER_PACKET,
  IP6_TNL_F_CAP_RCV,
  IP6_TNL_F_CAP_XMIT,
  IP6_TNL_F_IGN_ENCAP_LIMIT,
  IP6_TNL_F_MIP6_DEV,
  IP6_TNL_F_RCV_DSCP_COPY,
  IP6_TNL_F_USE_ORIG_FLOWLABEL,
  IP6_TNL_F_USE_ORIG_FWMARK,
  IP6_TNL_F_USE_ORIG_TCLASS,
} from '../../uapi/ip6-tunnel.ts';

/** Flags of any tunnel over IPv6. The last three are the kernel's, and only told. */
export const ip6TunnelFlags = bits(u32, {
  ignoreEncapsulationLimit: IP6_TNL_F_IGN_ENCAP_LIMIT,
  originalTrafficClass: IP6_TNL_F_USE_ORIG_TCLASS,
  originalFlowLabel: IP6_TNL_F_USE_ORIG_FLOWLABEL,
  mobile: IP6_TNL_F_MIP6_DEV,
  copyDscp: IP6_TNL_F_RCV_DSCP_COPY,
  originalMark: IP6_TNL_F_USE_ORIG_FWMARK,
  allowLocalRemote: IP6_TNL_F_ALLOW_LOCAL_REMOTE,
  canSend: IP6_TNL_F_CAP_XMIT,
  canReceive: IP6_TNL_F_CAP_RCV,
  decidedPerPacket: IP6_TNL_F_CAP_PER_PACKET,
});
