import { linkAddress } from '../../codec/address.ts';
import { attributes } from '../../codec/attributes.ts';
import { nested } from '../../codec/nested.ts';
import { repeated } from '../../codec/repeated.ts';
import { bool8, bytes, s32, u8, u16, u32, u64 } from '../../codec/scalar.ts';
import { pad, struct } from '../../codec/struct.ts';
import { cstring } from '../../codec/text.ts';
import {
  IFLA_ADDRESS,
  IFLA_ALLMULTI,
  IFLA_ALT_IFNAME,
  IFLA_BROADCAST,
  IFLA_CARRIER,
  IFLA_CARRIER_CHANGES,
  IFLA_CARRIER_DOWN_COUNT,
  IFLA_CARRIER_UP_COUNT,
  IFLA_DEVLINK_PORT,
  IFLA_DPLL_PIN,
  IFLA_EVENT,
  IFLA_EXT_MASK,
  IFLA_GRO_IPV4_MAX_SIZE,
  IFLA_GRO_MAX_SIZE,
  IFLA_GROUP,
  IFLA_GSO_IPV4_MAX_SIZE,
  IFLA_GSO_MAX_SEGS,
  IFLA_GSO_MAX_SIZE,
  IFLA_HEADROOM,
  IFLA_IFALIAS,
  IFLA_IFNAME,
  IFLA_LINK,
  IFLA_LINK_NETNSID,
  IFLA_LINKMODE,
  IFLA_MAP,
  IFLA_MASTER,
  IFLA_MAX_MTU,
  IFLA_MAX_PACING_OFFLOAD_HORIZON,
  IFLA_MIN_MTU,
  IFLA_MTU,
  IFLA_NET_NS_FD,
  IFLA_NET_NS_PID,
  IFLA_NETNS_IMMUTABLE,
  IFLA_NEW_IFINDEX,
  IFLA_NEW_NETNSID,
  IFLA_NUM_RX_QUEUES,
  IFLA_NUM_TX_QUEUES,
  IFLA_NUM_VF,
  IFLA_OPERSTATE,
  IFLA_PARENT_DEV_BUS_NAME,
  IFLA_PARENT_DEV_NAME,
  IFLA_PERM_ADDRESS,
  IFLA_PHYS_PORT_ID,
  IFLA_PHYS_PORT_NAME,
  IFLA_PHYS_SWITCH_ID,
  IFLA_PORT_SELF,
  IFLA_PROMISCUITY,
  IFLA_PROP_LIST,
  IFLA_PROTO_DOWN,
  IFLA_PROTO_DOWN_REASON,
  IFLA_PROTO_DOWN_REASON_MASK,
  IFLA_PROTO_DOWN_REASON_VALUE,
  IFLA_QDISC,
  IFLA_STATS,
  IFLA_STATS64,
  IFLA_TAILROOM,
  IFLA_TARGET_NETNSID,
  IFLA_TSO_MAX_SEGS,
  IFLA_TSO_MAX_SIZE,
  IFLA_TXQLEN,
  IFLA_VF_PORTS,
  IFLA_VFINFO_LIST,
  IFLA_WEIGHT,
  IFLA_XDP,
} from '../../uapi/if-link.ts';
import { linkStatistics } from './statistics.ts';
import { uint } from './uint.ts';

/**
 * A hardware map of old drivers, the same on every link that is made by software. Four bytes of padding end it.
 * Source: struct rtnl_link_ifmap.
 */
const hardwareMap = struct({
  memoryStart: u64,
  memoryEnd: u64,
  baseAddress: u64,
  irq: u16,
  dma: u8,
  port: u8,
  padding: pad(4),
});

const protocolDownReason = attributes(() => ({
  /** Which bits a request changes. */
  mask: [IFLA_PROTO_DOWN_REASON_MASK, u32],
  value: [IFLA_PROTO_DOWN_REASON_VALUE, u32],
}));

/** Attributes of any link, whatever its kind and the family of the message. Source: include/uapi/linux/if_link.h. */
export const common = {
  name: [IFLA_IFNAME, cstring],
  mac: [IFLA_ADDRESS, linkAddress],
  broadcast: [IFLA_BROADCAST, linkAddress],
  /** The MAC that the hardware came with. */
  permanentMac: [IFLA_PERM_ADDRESS, linkAddress],
  mtu: [IFLA_MTU, u32],
  minMtu: [IFLA_MIN_MTU, u32],
  /** 0 is no limit. */
  maxMtu: [IFLA_MAX_MTU, u32],
  /** Index of the link it is made on: a VLAN's NIC, a veth's peer. In another namespace when `linkNetnsId` is there. */
  parent: [IFLA_LINK, u32],
  /** Id of the namespace that `parent` is in, as this namespace numbers it. -1: it has no number yet. */
  linkNetnsId: [IFLA_LINK_NETNSID, s32],
  /** Index of the bridge, bond or VRF it is a port of; 0 in a request takes it out. */
  master: [IFLA_MASTER, u32],
  txQueueLength: [IFLA_TXQLEN, u32],
  /** IF_OPER_*: 6 is up, 5 dormant, 2 down. RFC 2863 §3.1.14. */
  operationalState: [IFLA_OPERSTATE, u8],
  /** IF_LINK_MODE_*: 1 leaves it dormant until a supplicant says otherwise. */
  linkMode: [IFLA_LINKMODE, u8],
  carrier: [IFLA_CARRIER, u8],
  carrierChanges: [IFLA_CARRIER_CHANGES, u32],
  carrierUpCount: [IFLA_CARRIER_UP_COUNT, u32],
  carrierDownCount: [IFLA_CARRIER_DOWN_COUNT, u32],
  /** Up to 255 bytes of text. */
  alias: [IFLA_IFALIAS, cstring],
  group: [IFLA_GROUP, u32],
  /** How many ask for it. */
  promiscuity: [IFLA_PROMISCUITY, u32],
  allMulticast: [IFLA_ALLMULTI, u32],
  txQueues: [IFLA_NUM_TX_QUEUES, u32],
  rxQueues: [IFLA_NUM_RX_QUEUES, u32],
  /** Bytes and segments of the largest packet that is handed to the link for it to cut. */
  gsoMaxSize: [IFLA_GSO_MAX_SIZE, u32],
  gsoMaxSegments: [IFLA_GSO_MAX_SEGS, u32],
  gsoIpv4MaxSize: [IFLA_GSO_IPV4_MAX_SIZE, u32],
  groMaxSize: [IFLA_GRO_MAX_SIZE, u32],
  groIpv4MaxSize: [IFLA_GRO_IPV4_MAX_SIZE, u32],
  /** What the hardware can cut; only told. */
  tsoMaxSize: [IFLA_TSO_MAX_SIZE, u32],
  tsoMaxSegments: [IFLA_TSO_MAX_SEGS, u32],
  /** Nanoseconds; only told. */
  maxPacingOffloadHorizon: [IFLA_MAX_PACING_OFFLOAD_HORIZON, uint],
  /** Bytes that the link wants in front of and behind a packet; only told. */
  headroom: [IFLA_HEADROOM, u16],
  tailroom: [IFLA_TAILROOM, u16],
  /** Kind of its root queueing discipline. */
  qdisc: [IFLA_QDISC, cstring],
  weight: [IFLA_WEIGHT, u32],
  map: [IFLA_MAP, hardwareMap],
  statistics: [IFLA_STATS64, linkStatistics],
  /** The same in 32 bits, for programs older than `statistics`. */
  statistics32: [IFLA_STATS, bytes],
  /** A protocol keeps the link down. */
  protocolDown: [IFLA_PROTO_DOWN, bool8],
  protocolDownReason: [IFLA_PROTO_DOWN_REASON, nested(protocolDownReason)],
  /** IFLA_EVENT_*: why the notification was sent. */
  event: [IFLA_EVENT, u32],
  physicalPortId: [IFLA_PHYS_PORT_ID, bytes],
  physicalPortName: [IFLA_PHYS_PORT_NAME, cstring],
  physicalSwitchId: [IFLA_PHYS_SWITCH_ID, bytes],
  /** The device below a NIC, `0000:00:03.0` on the bus `pci`. */
  parentDevice: [IFLA_PARENT_DEV_NAME, cstring],
  parentDeviceBus: [IFLA_PARENT_DEV_BUS_NAME, cstring],
  /** Virtual functions of a NIC, and what a switch ASIC or a clock tells of it, as bytes. */
  virtualFunctions: [IFLA_NUM_VF, u32],
  virtualFunctionList: [IFLA_VFINFO_LIST, bytes],
  virtualPorts: [IFLA_VF_PORTS, bytes],
  virtualPortSelf: [IFLA_PORT_SELF, bytes],
  devlinkPort: [IFLA_DEVLINK_PORT, bytes],
  dpllPin: [IFLA_DPLL_PIN, bytes],
  /** Programs attached to the driver, as bytes. */
  xdp: [IFLA_XDP, bytes],
  properties: [IFLA_PROP_LIST, nested(attributes(() => ({ altNames: [IFLA_ALT_IFNAME, repeated(cstring)] })))],
  /** Selects a link by an alternative name; only in requests. */
  altName: [IFLA_ALT_IFNAME, cstring],
  /** Descriptor of a network namespace, open in this process: where the link goes; only in requests. */
  netnsFd: [IFLA_NET_NS_FD, u32],
  /** A process whose namespace the link goes to; only in requests. */
  netnsPid: [IFLA_NET_NS_PID, u32],
  /** A namespace by the id that this one has for it: where a changed link goes, or whose links a GET asks for. */
  targetNetnsId: [IFLA_TARGET_NETNSID, s32],
  /** Where a link went, in the notification of its leaving. */
  newNetnsId: [IFLA_NEW_NETNSID, s32],
  /** Its index there; in a request that moves it, the one it is to have there. */
  newIndex: [IFLA_NEW_IFINDEX, s32],
  /** It cannot leave its namespace. */
  netnsImmutable: [IFLA_NETNS_IMMUTABLE, bool8],
  /** RTEXT_FILTER_*; only in requests. */
  extMask: [IFLA_EXT_MASK, u32],
} as const;
