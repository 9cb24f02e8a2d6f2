import { attributes } from '../../codec/attributes.ts';
import { nested } from '../../codec/nested.ts';
import { bytes, u32 as number } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import { cstring } from '../../codec/text.ts';
import {
  TCA_U32_ACT,
  TCA_U32_CLASSID,
  TCA_U32_DIVISOR,
  TCA_U32_FLAGS,
  TCA_U32_HASH,
  TCA_U32_INDEV,
  TCA_U32_LINK,
  TCA_U32_MARK,
  TCA_U32_PCNT,
  TCA_U32_POLICE,
  TCA_U32_SEL,
} from '../../uapi/pkt-cls.ts';
import { actionList } from './action.ts';
import { classifierFlags } from './matchall.ts';
import { police } from './police.ts';
import { u32Selector } from './u32-selector.ts';

/** A filter that compares words of a packet. Source: include/uapi/linux/pkt_cls.h. */
export const u32 = attributes(() => ({
  /** Handle of the class that packets go to. */
  classId: [TCA_U32_CLASSID, number],
  /** Handle of the hash table that it is in. */
  hash: [TCA_U32_HASH, number],
  /** Handle of the hash table to go on with. */
  link: [TCA_U32_LINK, number],
  /** Makes a hash table of so many buckets. */
  divisor: [TCA_U32_DIVISOR, number],
  selector: [TCA_U32_SEL, u32Selector],
  /** The rate of a filter in the manner before actions. */
  police: [TCA_U32_POLICE, nested(police)],
  actions: [TCA_U32_ACT, actionList],
  /** Name of the link that packets come from. */
  incomingLink: [TCA_U32_INDEV, cstring],
  /** How often it was asked and each key matched; only told. */
  counters: [TCA_U32_PCNT, bytes],
  mark: [TCA_U32_MARK, struct({ value: number, mask: number, matches: number })],
  flags: [TCA_U32_FLAGS, classifierFlags],
}));
