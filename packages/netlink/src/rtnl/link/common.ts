import { linkAddress } from '../../codec/address.ts';
import { attributes } from '../../codec/attributes.ts';
import { nested } from '../../codec/nested.ts';
import { repeated } from '../../codec/repeated.ts';
import { s32, u8, u32 } from '../../codec/scalar.ts';
import { cstring } from '../../codec/text.ts';
import {
  IFLA_ADDRESS,
  IFLA_ALT_IFNAME,
  IFLA_BROADCAST,
  IFLA_CARRIER,
  IFLA_EXT_MASK,
  IFLA_GROUP,
  IFLA_IFALIAS,
  IFLA_IFNAME,
  IFLA_LINK,
  IFLA_LINK_NETNSID,
  IFLA_LINKMODE,
  IFLA_MASTER,
  IFLA_MAX_MTU,
  IFLA_MIN_MTU,
  IFLA_MTU,
  IFLA_NET_NS_FD,
  IFLA_NET_NS_PID,
  IFLA_NUM_RX_QUEUES,
  IFLA_NUM_TX_QUEUES,
  IFLA_OPERSTATE,
  IFLA_PERM_ADDRESS,
  IFLA_PROMISCUITY,
  IFLA_PROP_LIST,
  IFLA_TXQLEN,
} from '../../uapi/if-link.ts';

/** Attributes of any link, whatever its kind and the family of the message. Source: include/uapi/linux/if_link.h. */
export const common = {
  name: [IFLA_IFNAME, cstring],
  mac: [IFLA_ADDRESS, linkAddress],
  broadcast: [IFLA_BROADCAST, linkAddress],
  mtu: [IFLA_MTU, u32],
  /** Index of the link it is made on: a VLAN's NIC, a veth's peer. In another namespace when `linkNetnsId` is there. */
  parent: [IFLA_LINK, u32],
  linkNetnsId: [IFLA_LINK_NETNSID, s32],
  /** Index of the bridge or bond it is a port of; 0 in a request takes it out. */
  master: [IFLA_MASTER, u32],
  txQueueLength: [IFLA_TXQLEN, u32],
  /** IF_OPER_*. */
  operationalState: [IFLA_OPERSTATE, u8],
  linkMode: [IFLA_LINKMODE, u8],
  carrier: [IFLA_CARRIER, u8],
  alias: [IFLA_IFALIAS, cstring],
  group: [IFLA_GROUP, u32],
  promiscuity: [IFLA_PROMISCUITY, u32],
  txQueues: [IFLA_NUM_TX_QUEUES, u32],
  rxQueues: [IFLA_NUM_RX_QUEUES, u32],
  minMtu: [IFLA_MIN_MTU, u32],
  maxMtu: [IFLA_MAX_MTU, u32],
  permanentMac: [IFLA_PERM_ADDRESS, linkAddress],
  properties: [IFLA_PROP_LIST, nested(attributes({ altNames: [IFLA_ALT_IFNAME, repeated(cstring)] }))],
  /** Selects a link by an alternative name; only in requests. */
  altName: [IFLA_ALT_IFNAME, cstring],
  /** Descriptor of a network namespace, open in this process: where the link goes; only in requests. */
  netnsFd: [IFLA_NET_NS_FD, u32],
  /** A process whose namespace the link goes to; only in requests. */
  netnsPid: [IFLA_NET_NS_PID, u32],
  /** RTEXT_FILTER_*; only in requests. */
  extMask: [IFLA_EXT_MASK, u32],
} as const;
