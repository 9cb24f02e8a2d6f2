import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { array, nested } from '../../codec/nested.ts';
import { bytes, u32 } from '../../codec/scalar.ts';
import { select } from '../../codec/select.ts';
import { struct } from '../../codec/struct.ts';
import { cstring } from '../../codec/text.ts';
import {
  TCA_ACT_COOKIE,
  TCA_ACT_FLAGS,
  TCA_ACT_HW_STATS,
  TCA_ACT_IN_HW_COUNT,
  TCA_ACT_INDEX,
  TCA_ACT_KIND,
  TCA_ACT_OPTIONS,
  TCA_ACT_STATS,
  TCA_ACT_USED_HW_STATS,
} from '../../uapi/pkt-cls.ts';
import { gact, mirred } from './gact.ts';
import { police } from './police.ts';
import { trafficStatistics } from './statistics.ts';

/** `struct nla_bitfield32`. */
const bitfield32 = struct({ value: u32, selector: u32 });

/** Options of an action, by its kind; of another kind they stay bytes. A new kind is one file and one line. */
export const actionKinds = { gact, mirred, police } as const;

const action = attributes(() => ({
  kind: [TCA_ACT_KIND, cstring],
  options: [TCA_ACT_OPTIONS, select('kind', actionKinds, { flagged: true })],
  index: [TCA_ACT_INDEX, u32],
  statistics: [TCA_ACT_STATS, nested(trafficStatistics)],
  /** Up to 16 bytes that the kernel keeps for whoever made it. */
  cookie: [TCA_ACT_COOKIE, bytes],
  flags: [TCA_ACT_FLAGS, bitfield32],
  hardwareStatistics: [TCA_ACT_HW_STATS, bitfield32],
  usedHardwareStatistics: [TCA_ACT_USED_HW_STATS, bitfield32],
  hardwareCount: [TCA_ACT_IN_HW_COUNT, u32],
}));

/** What a filter does with a packet: `gact` (a verdict), `mirred` (to another link), `police` (a rate). */
export type Action = Infer<typeof action>;

/** Actions of a filter in the order they are taken; the kernel takes at most 32. */
export const actionList = array(nested(action));
