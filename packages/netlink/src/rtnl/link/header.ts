import { bits } from '../../codec/bits.ts';
import type { Infer } from '../../codec/codec.ts';
import { s32, u8, u16, u32 } from '../../codec/scalar.ts';
import { pad, struct } from '../../codec/struct.ts';
import {
  IFF_ALLMULTI,
  IFF_AUTOMEDIA,
  IFF_BROADCAST,
  IFF_DEBUG,
  IFF_DORMANT,
  IFF_DYNAMIC,
  IFF_ECHO,
  IFF_LOOPBACK,
  IFF_LOWER_UP,
  IFF_MASTER,
  IFF_MULTICAST,
  IFF_NOARP,
  IFF_NOTRAILERS,
  IFF_POINTOPOINT,
  IFF_PORTSEL,
  IFF_PROMISC,
  IFF_RUNNING,
  IFF_SLAVE,
  IFF_UP,
} from '../../uapi/if.ts';
import { ignored, refuse, TOLD } from '../refuse.ts';

/**
 * Flags of a link by name. Only `up`, `noArp`, `promiscuous`, `allMulticast`, `multicast`, `debug`, `noTrailers`,
 * `portSelect`, `autoMedia` and `dynamic` can be changed; the kernel ignores the others in a request.
 */
const linkFlagBits = {
  up: IFF_UP,
  broadcast: IFF_BROADCAST,
  debug: IFF_DEBUG,
  loopback: IFF_LOOPBACK,
  pointToPoint: IFF_POINTOPOINT,
  noTrailers: IFF_NOTRAILERS,
  running: IFF_RUNNING,
  noArp: IFF_NOARP,
  promiscuous: IFF_PROMISC,
  allMulticast: IFF_ALLMULTI,
  /** The master of a load balancing team. */
  master: IFF_MASTER,
  slave: IFF_SLAVE,
  multicast: IFF_MULTICAST,
  portSelect: IFF_PORTSEL,
  autoMedia: IFF_AUTOMEDIA,
  dynamic: IFF_DYNAMIC,
  lowerUp: IFF_LOWER_UP,
  dormant: IFF_DORMANT,
  echo: IFF_ECHO,
} as const;

const toldFlags = ignored({
  broadcast: TOLD,
  loopback: TOLD,
  pointToPoint: TOLD,
  running: TOLD,
  master: TOLD,
  slave: TOLD,
  lowerUp: TOLD,
  dormant: TOLD,
  echo: TOLD,
  // All flags that the kernel changes have a name.
  rest: TOLD,
});

const linkFlags = bits(u32, linkFlagBits);
/** `ifi_flags` (IFF_*) by name. */
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
type LinkHeader = Infer<typeof ifinfomsg>;

/** A header whose request changes exactly the flags that `flags` mentions. @throws {ValueError} One that cannot be changed. */
export function linkHeader(header: {
  readonly family?: number;
  readonly index?: number;
  readonly flags?: LinkFlags;
}): LinkHeader {
  const { flags = {}, ...rest } = header;
  refuse(toldFlags, flags, 'flags');
  // What is no object has no members, and is refused when it is encoded.
  const change = Object.fromEntries(Object.keys(flags ?? {}).map((name) => [name, true]));
  return ifinfomsg.fill({ ...rest, flags, change });
}
