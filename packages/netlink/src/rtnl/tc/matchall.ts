import { attributes } from '../../codec/attributes.ts';
import { bits } from '../../codec/bits.ts';
import { bytes, u32 } from '../../codec/scalar.ts';
import {
  TCA_CLS_FLAGS_IN_HW,
  TCA_CLS_FLAGS_NOT_IN_HW,
  TCA_CLS_FLAGS_SKIP_HW,
  TCA_CLS_FLAGS_SKIP_SW,
  TCA_CLS_FLAGS_VERBOSE,
  TCA_MATCHALL_ACT,
  TCA_MATCHALL_CLASSID,
  TCA_MATCHALL_FLAGS,
  TCA_MATCHALL_PCNT,
} from '../../uapi/pkt-cls.ts';
import { actionList } from './action.ts';

/** TCA_CLS_FLAGS_*. */
export const classifierFlags = bits(u32, {
  skipHardware: TCA_CLS_FLAGS_SKIP_HW,
  skipSoftware: TCA_CLS_FLAGS_SKIP_SW,
  inHardware: TCA_CLS_FLAGS_IN_HW,
  notInHardware: TCA_CLS_FLAGS_NOT_IN_HW,
  verbose: TCA_CLS_FLAGS_VERBOSE,
});

/** A filter that takes every packet. Source: include/uapi/linux/pkt_cls.h. */
export const matchall = attributes(() => ({
  /** Handle of the class that packets go to. */
  classId: [TCA_MATCHALL_CLASSID, u32],
  actions: [TCA_MATCHALL_ACT, actionList],
  flags: [TCA_MATCHALL_FLAGS, classifierFlags],
  /** How often it was asked, 64 bits; only told. */
  counters: [TCA_MATCHALL_PCNT, bytes],
}));
