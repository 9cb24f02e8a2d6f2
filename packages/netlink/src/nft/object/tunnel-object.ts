import { ipv4, ipv6 } from '../../codec/address.ts';
import { attributes } from '../../codec/attributes.ts';
import { nested } from '../../codec/nested.ts';
import { be16, be32, u8 } from '../../codec/scalar.ts';
import {
  NFTA_TUNNEL_KEY_DPORT,
  NFTA_TUNNEL_KEY_FLAGS,
  NFTA_TUNNEL_KEY_ID,
  NFTA_TUNNEL_KEY_IP,
  NFTA_TUNNEL_KEY_IP_DST,
  NFTA_TUNNEL_KEY_IP_SRC,
  NFTA_TUNNEL_KEY_IP6,
  NFTA_TUNNEL_KEY_IP6_DST,
  NFTA_TUNNEL_KEY_IP6_FLOWLABEL,
  NFTA_TUNNEL_KEY_IP6_SRC,
  NFTA_TUNNEL_KEY_OPTS,
  NFTA_TUNNEL_KEY_SPORT,
  NFTA_TUNNEL_KEY_TOS,
  NFTA_TUNNEL_KEY_TTL,
} from '../../uapi/nf-tables-object.ts';
import { tunnelOptions } from './tunnel-options.ts';

/**
 * The outer header for packets that a rule sends through a link of external mode. For tables of netdev only: ENOENT in
 * others. The id and a destination are needed (EINVAL); of `ip` and `ip6` the kernel takes `ip` where both are given.
 */
export const tunnel = attributes(() => ({
  id: [NFTA_TUNNEL_KEY_ID, be32],
  ip: [
    NFTA_TUNNEL_KEY_IP,
    nested(attributes(() => ({ source: [NFTA_TUNNEL_KEY_IP_SRC, ipv4], destination: [NFTA_TUNNEL_KEY_IP_DST, ipv4] }))),
  ],
  ip6: [
    NFTA_TUNNEL_KEY_IP6,
    nested(
      attributes(() => ({
        source: [NFTA_TUNNEL_KEY_IP6_SRC, ipv6],
        destination: [NFTA_TUNNEL_KEY_IP6_DST, ipv6],
        flowLabel: [NFTA_TUNNEL_KEY_IP6_FLOWLABEL, be32],
      })),
    ),
  ],
  /** NFT_TUNNEL_F_*: 1, no UDP checksum; 2, do not fragment; 4, sequence numbers. EOPNOTSUPP for others. */
  flags: [NFTA_TUNNEL_KEY_FLAGS, be32],
  tos: [NFTA_TUNNEL_KEY_TOS, u8],
  /** 255 when absent. */
  ttl: [NFTA_TUNNEL_KEY_TTL, u8],
  sourcePort: [NFTA_TUNNEL_KEY_SPORT, be16],
  destinationPort: [NFTA_TUNNEL_KEY_DPORT, be16],
  options: [NFTA_TUNNEL_KEY_OPTS, nested(tunnelOptions)],
}));
