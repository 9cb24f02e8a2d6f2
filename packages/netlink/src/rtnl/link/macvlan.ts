import { mac } from '../../codec/address.ts';
import { attributes } from '../../codec/attributes.ts';
import { bits } from '../../codec/bits.ts';
import type { Infer } from '../../codec/codec.ts';
import { array } from '../../codec/nested.ts';
import { s32, u16, u32 } from '../../codec/scalar.ts';
import {
  IFLA_MACVLAN_BC_CUTOFF,
  IFLA_MACVLAN_BC_QUEUE_LEN,
  IFLA_MACVLAN_BC_QUEUE_LEN_USED,
  IFLA_MACVLAN_FLAGS,
  IFLA_MACVLAN_MACADDR,
  IFLA_MACVLAN_MACADDR_COUNT,
  IFLA_MACVLAN_MACADDR_DATA,
  IFLA_MACVLAN_MACADDR_MODE,
  IFLA_MACVLAN_MODE,
  MACVLAN_FLAG_NODST,
  MACVLAN_FLAG_NOPROMISC,
  MACVLAN_MACADDR_ADD,
  MACVLAN_MACADDR_DEL,
  MACVLAN_MACADDR_FLUSH,
  MACVLAN_MACADDR_SET,
  MACVLAN_MODE_BRIDGE,
  MACVLAN_MODE_PASSTHRU,
  MACVLAN_MODE_PRIVATE,
  MACVLAN_MODE_SOURCE,
  MACVLAN_MODE_VEPA,
} from '../../uapi/if-link-kinds.ts';
import { choice } from './choice.ts';

/**
 * `IFLA_INFO_DATA` of the kinds "macvlan" and "macvtap"; the link below is `parent`.
 * Source: include/uapi/linux/if_link.h.
 */
export const macvlan = attributes(() => ({
  /** The kernel's default is `vepa`. */
  mode: [
    IFLA_MACVLAN_MODE,
    choice(u32, {
      private: MACVLAN_MODE_PRIVATE,
      vepa: MACVLAN_MODE_VEPA,
      bridge: MACVLAN_MODE_BRIDGE,
      passthru: MACVLAN_MODE_PASSTHRU,
      source: MACVLAN_MODE_SOURCE,
    }),
  ],
  flags: [IFLA_MACVLAN_FLAGS, bits(u16, { noPromisc: MACVLAN_FLAG_NOPROMISC, noDestination: MACVLAN_FLAG_NODST })],
  /** What a request does to the list of sources: `add` and `del` take `macAddress`, `set` takes `macAddresses`. */
  macAddressMode: [
    IFLA_MACVLAN_MACADDR_MODE,
    choice(u32, {
      add: MACVLAN_MACADDR_ADD,
      del: MACVLAN_MACADDR_DEL,
      flush: MACVLAN_MACADDR_FLUSH,
      set: MACVLAN_MACADDR_SET,
    }),
  ],
  macAddress: [IFLA_MACVLAN_MACADDR, mac],
  /** MACs that mode `source` lets in. */
  macAddresses: [IFLA_MACVLAN_MACADDR_DATA, array(mac, { type: IFLA_MACVLAN_MACADDR })],
  macAddressCount: [IFLA_MACVLAN_MACADDR_COUNT, u32],
  /** Broadcasts that may wait; the longest that any link on the same parent asks for is what counts (`…Used`). */
  broadcastQueueLength: [IFLA_MACVLAN_BC_QUEUE_LEN, u32],
  broadcastQueueLengthUsed: [IFLA_MACVLAN_BC_QUEUE_LEN_USED, u32],
  /** From how many links on a multicast goes by the queue; -1: never. */
  broadcastCutoff: [IFLA_MACVLAN_BC_CUTOFF, s32],
}));
/** Options of the kinds "macvlan" and "macvtap". */
export type Macvlan = Infer<typeof macvlan>;
