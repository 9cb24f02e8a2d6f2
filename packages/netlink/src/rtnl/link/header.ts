import { bits } from '../../codec/bits.ts';
import type { Infer } from '../../codec/codec.ts';
import { s32, u8, u16, u32 } from '../../codec/scalar.ts';
import { pad, struct } from '../../codec/struct.ts';
import {
  IFF_ALLMULTI,
  IFF_BROADCAST,
  IFF_DORMANT,
  IFF_LOOPBACK,
  IFF_LOWER_UP,
  IFF_MULTICAST,
  IFF_NOARP,
  IFF_POINTOPOINT,
  IFF_PROMISC,
  IFF_RUNNING,
  IFF_UP,
} from '../../uapi/if.ts';

/** Flags of a link by name. Only `up`, `noArp`, `promiscuous`, `allMulticast` and `multicast` can be changed. */
export const linkFlagBits = {
  up: IFF_UP,
  broadcast: IFF_BROADCAST,
  loopback: IFF_LOOPBACK,
  pointToPoint: IFF_POINTOPOINT,
  running: IFF_RUNNING,
  noArp: IFF_NOARP,
  promiscuous: IFF_PROMISC,
  allMulticast: IFF_ALLMULTI,
  multicast: IFF_MULTICAST,
  lowerUp: IFF_LOWER_UP,
  dormant: IFF_DORMANT,
} as const;

const linkFlags = bits(u32, linkFlagBits);
export type LinkFlags = Infer<typeof linkFlags>;

/** `struct ifinfomsg`. Source: include/uapi/linux/rtnetlink.h. */
export const ifinfomsg = struct({
  family: u8,
  padding: pad(1),
  /** ARPHRD_*. */
  hardwareType: u16,
  index: s32,
  flags: linkFlags,
  /** Which of the flags a request changes. */
  change: linkFlags,
});
export type LinkHeader = Infer<typeof ifinfomsg>;

/** A header whose request changes exactly the flags that `flags` mentions. */
export function linkHeader(header: {
  readonly family?: number;
  readonly index?: number;
  readonly flags?: LinkFlags;
}): LinkHeader {
  const { flags = {}, ...rest } = header;
  const change = Object.fromEntries(Object.keys(flags).map((name) => [name, true]));
  return ifinfomsg.fill({ ...rest, flags, change });
}
