import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import type { Infer } from '../codec/codec.ts';
import { u32 } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import {
  RTAX_ADVMSS,
  RTAX_CC_ALGO,
  RTAX_CWND,
  RTAX_FASTOPEN_NO_COOKIE,
  RTAX_FEATURE_ALLFRAG,
  RTAX_FEATURE_ECN,
  RTAX_FEATURE_SACK,
  RTAX_FEATURE_TCP_USEC_TS,
  RTAX_FEATURE_TIMESTAMP,
  RTAX_FEATURES,
  RTAX_HOPLIMIT,
  RTAX_INITCWND,
  RTAX_INITRWND,
  RTAX_LOCK,
  RTAX_MTU,
  RTAX_QUICKACK,
  RTAX_REORDERING,
  RTAX_RTO_MIN,
  RTAX_RTT,
  RTAX_RTTVAR,
  RTAX_SSTHRESH,
  RTAX_WINDOW,
} from '../uapi/rtnetlink.ts';
import { upTo } from './up-to.ts';

/** Which metrics the kernel must not adjust by what it learns: bit n is RTAX n. */
const locks = bits(u32, {
  mtu: 1 << RTAX_MTU,
  window: 1 << RTAX_WINDOW,
  rtt: 1 << RTAX_RTT,
  rttVariance: 1 << RTAX_RTTVAR,
  slowStartThreshold: 1 << RTAX_SSTHRESH,
  congestionWindow: 1 << RTAX_CWND,
  advertisedMss: 1 << RTAX_ADVMSS,
  reordering: 1 << RTAX_REORDERING,
  hopLimit: 1 << RTAX_HOPLIMIT,
  rtoMin: 1 << RTAX_RTO_MIN,
});

/** Nested in RTA_METRICS: what TCP and path MTU discovery begin with. Source: include/uapi/linux/rtnetlink.h. */
export const routeMetrics = attributes(() => ({
  lock: [RTAX_LOCK, locks],
  /** Bytes: 65520 at most, which the kernel takes larger ones for. */
  mtu: [RTAX_MTU, upTo(u32, 65_520)],
  /** Bytes: the largest TCP window advertised. */
  window: [RTAX_WINDOW, u32],
  /** Milliseconds × 8. */
  rtt: [RTAX_RTT, u32],
  /** Milliseconds × 4. */
  rttVariance: [RTAX_RTTVAR, u32],
  slowStartThreshold: [RTAX_SSTHRESH, u32],
  /** Segments. */
  congestionWindow: [RTAX_CWND, u32],
  /** Bytes: 65495 at most, which the kernel takes larger ones for. */
  advertisedMss: [RTAX_ADVMSS, upTo(u32, 65_495)],
  reordering: [RTAX_REORDERING, u32],
  /** 255 at most, which the kernel takes larger ones for. */
  hopLimit: [RTAX_HOPLIMIT, upTo(u32, 255)],
  /** Segments. */
  initialCongestionWindow: [RTAX_INITCWND, u32],
  features: [
    RTAX_FEATURES,
    bits(u32, {
      ecn: RTAX_FEATURE_ECN,
      sack: RTAX_FEATURE_SACK,
      timestamp: RTAX_FEATURE_TIMESTAMP,
      allFragments: RTAX_FEATURE_ALLFRAG,
      tcpMicrosecondTimestamps: RTAX_FEATURE_TCP_USEC_TS,
    }),
  ],
  /** Milliseconds. */
  rtoMin: [RTAX_RTO_MIN, u32],
  /** Segments. */
  initialReceiveWindow: [RTAX_INITRWND, u32],
  /** 1: no delayed acknowledgements. */
  quickAck: [RTAX_QUICKACK, u32],
  /** `bbr`, `dctcp`: the kernel refuses one that it does not have (EINVAL). */
  congestionControl: [RTAX_CC_ALGO, cstring],
  fastOpenNoCookie: [RTAX_FASTOPEN_NO_COOKIE, u32],
}));
/** `RTA_METRICS`: what a route prescribes to connections over it. */
export type RouteMetrics = Infer<typeof routeMetrics>;
