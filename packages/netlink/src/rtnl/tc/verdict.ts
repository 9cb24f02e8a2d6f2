import type { Infer } from '../../codec/codec.ts';
import { s32, u64 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import {
  TC_ACT_OK,
  TC_ACT_PIPE,
  TC_ACT_QUEUED,
  TC_ACT_RECLASSIFY,
  TC_ACT_REDIRECT,
  TC_ACT_REPEAT,
  TC_ACT_SHOT,
  TC_ACT_STOLEN,
  TC_ACT_TRAP,
  TC_ACT_UNSPEC,
} from '../../uapi/pkt-cls.ts';
import { choice } from '../mapped.ts';

/** What becomes of a packet: `ok` lets it pass, `drop` (TC_ACT_SHOT) does not, `pipe` goes on with the next action. */
export const verdict = choice(s32, {
  unspecified: TC_ACT_UNSPEC,
  ok: TC_ACT_OK,
  reclassify: TC_ACT_RECLASSIFY,
  drop: TC_ACT_SHOT,
  pipe: TC_ACT_PIPE,
  stolen: TC_ACT_STOLEN,
  queued: TC_ACT_QUEUED,
  repeat: TC_ACT_REPEAT,
  redirect: TC_ACT_REDIRECT,
  trap: TC_ACT_TRAP,
});
/** What an action says about a packet (TC_ACT_*). */
export type Verdict = Infer<typeof verdict>;

/** `struct tcf_t`: times since then, in hundredths of a second. */
export const actionTimes = struct({ installed: u64, used: u64, expires: u64, firstUsed: u64 });

/** What the kernel tells of any action besides. */
export interface ActionState {
  /** Its number, by which several filters can share it. */
  readonly index?: number;
  readonly references?: number;
  readonly bindings?: number;
  readonly times?: Infer<typeof actionTimes>;
}
