import { attributes } from '../../codec/attributes.ts';
import { array, nested } from '../../codec/nested.ts';
import { flag, u32 } from '../../codec/scalar.ts';
import { cstring } from '../../codec/text.ts';
import {
  ETHTOOL_A_STRING_INDEX,
  ETHTOOL_A_STRING_VALUE,
  ETHTOOL_A_STRINGS_STRING,
  ETHTOOL_A_STRINGSET_COUNT,
  ETHTOOL_A_STRINGSET_ID,
  ETHTOOL_A_STRINGSET_STRINGS,
  ETHTOOL_A_STRINGSETS_STRINGSET,
  ETHTOOL_A_STRSET_COUNTS_ONLY,
  ETHTOOL_A_STRSET_STRINGSETS,
} from '../../uapi/ethtool-netlink.ts';
import { about } from './header.ts';

export const strings = attributes(() => ({
  ...about,
  sets: [
    ETHTOOL_A_STRSET_STRINGSETS,
    array(
      nested(
        attributes(() => ({
          /** ETH_SS_*: 1 counters, 4 features, 9 link modes. */
          id: [ETHTOOL_A_STRINGSET_ID, u32],
          count: [ETHTOOL_A_STRINGSET_COUNT, u32],
          strings: [
            ETHTOOL_A_STRINGSET_STRINGS,
            array(
              attributes(() => ({ index: [ETHTOOL_A_STRING_INDEX, u32], value: [ETHTOOL_A_STRING_VALUE, cstring] })),
              {
                type: ETHTOOL_A_STRINGS_STRING,
              },
            ),
          ],
        })),
      ),
      { type: ETHTOOL_A_STRINGSETS_STRINGSET },
    ),
  ],
  countsOnly: [ETHTOOL_A_STRSET_COUNTS_ONLY, flag],
}));
