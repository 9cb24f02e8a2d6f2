import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import {
  ETHTOOL_A_FEATURES_ACTIVE,
  ETHTOOL_A_FEATURES_HW,
  ETHTOOL_A_FEATURES_NOCHANGE,
  ETHTOOL_A_FEATURES_WANTED,
} from '../../uapi/ethtool-netlink.ts';
import { bitName, bitset, namesSet } from './bitset.ts';
import { about } from './header.ts';

export const features = attributes(() => ({
  ...about,
  /** Value: can be changed; mask: the kernel knows it. */
  hardware: [ETHTOOL_A_FEATURES_HW, bitset],
  /** In a request: the change. In its reply: what was wanted and did not come, by the mask. */
  wanted: [ETHTOOL_A_FEATURES_WANTED, bitset],
  active: [ETHTOOL_A_FEATURES_ACTIVE, bitset],
  /** Never changed by anybody. */
  fixed: [ETHTOOL_A_FEATURES_NOCHANGE, bitset],
}));

/** ETH_SS_FEATURES: the set of strings that names the bits of features. */
export const FEATURE_NAMES = 4;

/**
 * A link's features by name: whether each is on, was asked for, can be changed. What came in the compact form, as
 * notifications do, needs the names (`strings(FEATURE_NAMES)`).
 */
export function featuresOf(
  value: Infer<typeof features>,
  names: readonly string[] = [],
): ReadonlyMap<string, { readonly active: boolean; readonly wanted: boolean; readonly changeable: boolean }> {
  const [active, wanted, hardware, fixed] = [value.active, value.wanted, value.hardware, value.fixed].map((set) =>
    namesSet(set, names),
  );
  const known = (value.hardware?.bits ?? []).flatMap((bit) => bitName(bit, names) ?? []);
  const all = new Set([...known, ...(active ?? []), ...(wanted ?? [])]);
  return new Map(
    [...all].map((name) => [
      name,
      {
        active: active?.has(name) === true,
        wanted: wanted?.has(name) === true,
        changeable: hardware?.has(name) === true && fixed?.has(name) !== true,
      },
    ]),
  );
}
