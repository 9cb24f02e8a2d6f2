import { attributes } from '../../codec/attributes.ts';
import { be16, be32 } from '../../codec/scalar.ts';
import { cstring } from '../../codec/text.ts';
import {
  NFTA_LOG_FLAGS,
  NFTA_LOG_GROUP,
  NFTA_LOG_LEVEL,
  NFTA_LOG_PREFIX,
  NFTA_LOG_QTHRESHOLD,
  NFTA_LOG_SNAPLEN,
} from '../../uapi/nf-tables-expr.ts';

/** Logs the packet: to the kernel log by `level`, or to a program by `group`. */
export const log = attributes(() => ({
  /** Of nfnetlink_log. */
  group: [NFTA_LOG_GROUP, be16],
  /** Up to 127 bytes. */
  prefix: [NFTA_LOG_PREFIX, cstring],
  /** Bytes of the packet. */
  snapLength: [NFTA_LOG_SNAPLEN, be32],
  /** Packets that wait before the program is told. */
  queueThreshold: [NFTA_LOG_QTHRESHOLD, be16],
  /** NFT_LOGLEVEL_*. */
  level: [NFTA_LOG_LEVEL, be32],
  /** NF_LOG_*. */
  flags: [NFTA_LOG_FLAGS, be32],
}));
