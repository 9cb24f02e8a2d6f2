import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { bool8, u8, u32 } from '../../codec/scalar.ts';
import {
  IFLA_TUN_GROUP,
  IFLA_TUN_MULTI_QUEUE,
  IFLA_TUN_NUM_DISABLED_QUEUES,
  IFLA_TUN_NUM_QUEUES,
  IFLA_TUN_OWNER,
  IFLA_TUN_PERSIST,
  IFLA_TUN_PI,
  IFLA_TUN_TYPE,
  IFLA_TUN_VNET_HDR,
} from '../../uapi/if-link-kinds.ts';

/**
 * `IFLA_INFO_DATA` of kind "tun". The kernel tells it and takes none of it: such links are made through /dev/net/tun.
 * Source: include/uapi/linux/if_link.h.
 */
export const tun = attributes(() => ({
  /** User id that may attach to it. */
  owner: [IFLA_TUN_OWNER, u32],
  group: [IFLA_TUN_GROUP, u32],
  /** IFF_TUN 1, IFF_TAP 2. */
  type: [IFLA_TUN_TYPE, u8],
  packetInformation: [IFLA_TUN_PI, bool8],
  vnetHeader: [IFLA_TUN_VNET_HDR, bool8],
  persist: [IFLA_TUN_PERSIST, bool8],
  multiQueue: [IFLA_TUN_MULTI_QUEUE, bool8],
  queues: [IFLA_TUN_NUM_QUEUES, u32],
  disabledQueues: [IFLA_TUN_NUM_DISABLED_QUEUES, u32],
}));
/** Options of kind "tun", which the kernel only tells; `openTap` makes one. */
export type Tun = Infer<typeof tun>;
