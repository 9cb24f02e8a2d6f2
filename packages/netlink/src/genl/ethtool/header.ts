import { attributes } from '../../codec/attributes.ts';
import { bits } from '../../codec/bits.ts';
import { nested } from '../../codec/nested.ts';
import { u32 } from '../../codec/scalar.ts';
import { cstring } from '../../codec/text.ts';
import {
  ETHTOOL_A_HEADER_DEV_INDEX,
  ETHTOOL_A_HEADER_DEV_NAME,
  ETHTOOL_A_HEADER_FLAGS,
  ETHTOOL_FLAG_COMPACT_BITSETS,
  ETHTOOL_FLAG_OMIT_REPLY,
  ETHTOOL_FLAG_STATS,
} from '../../uapi/ethtool-netlink.ts';

/** Which link a message is about; its flags only in requests. */
const header = nested(
  attributes(() => ({
    index: [ETHTOOL_A_HEADER_DEV_INDEX, u32],
    name: [ETHTOOL_A_HEADER_DEV_NAME, cstring],
    flags: [
      ETHTOOL_A_HEADER_FLAGS,
      bits(u32, {
        compactBitsets: ETHTOOL_FLAG_COMPACT_BITSETS,
        omitReply: ETHTOOL_FLAG_OMIT_REPLY,
        statistics: ETHTOOL_FLAG_STATS,
      }),
    ],
  })),
);

/** Attribute 1 of every message, whatever its topic (ETHTOOL_A_*_HEADER). */
export const about = { header: [1, header] } as const;
