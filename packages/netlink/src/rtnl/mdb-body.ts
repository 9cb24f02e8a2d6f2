import { ip, ipv4, ipv6, mac } from '../codec/address.ts';
import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Codec } from '../codec/codec.ts';
import { expectLength } from '../codec/error.ts';
import { nested } from '../codec/nested.ts';
import { repeated } from '../codec/repeated.ts';
import { be16, u8, u16, u32 } from '../codec/scalar.ts';
import { pad, struct } from '../codec/struct.ts';
import {
  MCAST_EXCLUDE,
  MCAST_INCLUDE,
  MDB_FLAGS_BLOCKED,
  MDB_FLAGS_FAST_LEAVE,
  MDB_FLAGS_OFFLOAD,
  MDB_FLAGS_OFFLOAD_FAILED,
  MDB_FLAGS_STAR_EXCL,
  MDB_PERMANENT,
  MDB_TEMPORARY,
  MDBA_GET_ENTRY,
  MDBA_GET_ENTRY_ATTRS,
  MDBA_MDB,
  MDBA_MDB_EATTR_DST,
  MDBA_MDB_EATTR_DST_PORT,
  MDBA_MDB_EATTR_GROUP_MODE,
  MDBA_MDB_EATTR_IFINDEX,
  MDBA_MDB_EATTR_RTPROT,
  MDBA_MDB_EATTR_SOURCE,
  MDBA_MDB_EATTR_SRC_LIST,
  MDBA_MDB_EATTR_SRC_VNI,
  MDBA_MDB_EATTR_TIMER,
  MDBA_MDB_EATTR_VNI,
  MDBA_MDB_ENTRY,
  MDBA_MDB_ENTRY_INFO,
  MDBA_MDB_SRCATTR_ADDRESS,
  MDBA_MDB_SRCATTR_TIMER,
  MDBA_MDB_SRCLIST_ENTRY,
  MDBA_ROUTER,
  MDBA_ROUTER_PATTR_INET_TIMER,
  MDBA_ROUTER_PATTR_INET6_TIMER,
  MDBA_ROUTER_PATTR_TIMER,
  MDBA_ROUTER_PATTR_TYPE,
  MDBA_ROUTER_PATTR_VID,
  MDBA_ROUTER_PORT,
  MDBA_SET_ENTRY,
  MDBA_SET_ENTRY_ATTRS,
  MDBE_ATTR_DST,
  MDBE_ATTR_DST_PORT,
  MDBE_ATTR_GROUP_MODE,
  MDBE_ATTR_IFINDEX,
  MDBE_ATTR_RTPROT,
  MDBE_ATTR_SOURCE,
  MDBE_ATTR_SRC_LIST,
  MDBE_ATTR_SRC_VNI,
  MDBE_ATTR_STATE_MASK,
  MDBE_ATTR_VNI,
  MDBE_SRC_LIST_ENTRY,
  MDBE_SRCATTR_ADDRESS,
} from '../uapi/if-bridge.ts';
import { ETH_P_IP, ETH_P_IPV6 } from '../uapi/if-ether.ts';
import { choice } from './mapped.ts';

/** `struct br_port_msg`. Source: include/uapi/linux/if_bridge.h. */
export const portMessage = struct({ family: u8, padding: pad(3), index: u32 });

const GROUP_LENGTH = 18;
const isMac = (text: string): boolean => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text);

/** The union of addresses and the protocol that says which it is; 0: a MAC address, whose frames are not IP. */
const groupAddress: Codec<string> = {
  fixed: GROUP_LENGTH,
  measure: () => GROUP_LENGTH,
  write(value, out) {
    const end = out.offset + GROUP_LENGTH;
    const isIpv6 = !isMac(value) && value.includes(':');
    const isIpv4 = !value.includes(':');
    if (isIpv4) ipv4.write(value, out);
    else if (isIpv6) ipv6.write(value, out);
    else mac.write(value, out);
    out.offset = end - 2;
    be16.write(isIpv4 ? ETH_P_IP : isIpv6 ? ETH_P_IPV6 : 0, out);
  },
  read(input, start, end) {
    expectLength('group address', start, end, GROUP_LENGTH);
    const protocol = be16.read(input, start + 16, end);
    if (protocol === ETH_P_IP) return ipv4.read(input, start, start + 4);
    if (protocol === ETH_P_IPV6) return ipv6.read(input, start, start + 16);
    return mac.read(input, start, start + 6);
  },
};

/** `struct br_mdb_entry`. */
export const mdbEntry = struct({
  port: u32,
  state: choice(u8, { temporary: MDB_TEMPORARY, permanent: MDB_PERMANENT }),
  flags: bits(u8, {
    offload: MDB_FLAGS_OFFLOAD,
    fastLeave: MDB_FLAGS_FAST_LEAVE,
    /** Put there for an EXCLUDE group, by the kernel. */
    starExclude: MDB_FLAGS_STAR_EXCL,
    blocked: MDB_FLAGS_BLOCKED,
    offloadFailed: MDB_FLAGS_OFFLOAD_FAILED,
  }),
  vlan: u16,
  group: groupAddress,
  padding: pad(2),
});

const filterMode = choice(u8, { exclude: MCAST_EXCLUDE, include: MCAST_INCLUDE });

/** Behind each entry. `destination` and what follows are of vxlan devices, kernels since 6.4; the port is in host order. */
const told = attributes(() => ({
  /** Hundredths of a second until it goes; 0 of a permanent one. */
  timer: [MDBA_MDB_EATTR_TIMER, u32],
  sources: [
    MDBA_MDB_EATTR_SRC_LIST,
    nested(
      attributes(() => ({
        list: [
          MDBA_MDB_SRCLIST_ENTRY,
          repeated(
            nested(
              attributes(() => ({ address: [MDBA_MDB_SRCATTR_ADDRESS, ip], timer: [MDBA_MDB_SRCATTR_TIMER, u32] })),
            ),
          ),
        ],
      })),
    ),
  ],
  mode: [MDBA_MDB_EATTR_GROUP_MODE, filterMode],
  source: [MDBA_MDB_EATTR_SOURCE, ip],
  protocol: [MDBA_MDB_EATTR_RTPROT, u8],
  destination: [MDBA_MDB_EATTR_DST, ip],
  destinationPort: [MDBA_MDB_EATTR_DST_PORT, u16],
  vni: [MDBA_MDB_EATTR_VNI, u32],
  outgoing: [MDBA_MDB_EATTR_IFINDEX, u32],
  sourceVni: [MDBA_MDB_EATTR_SRC_VNI, u32],
}));

const routerPort = attributes(() => ({
  /** Hundredths of a second. */
  timer: [MDBA_ROUTER_PATTR_TIMER, u32],
  /** MDB_RTR_TYPE_*: 1 learned by queries, 2 permanent, 3 temporary. */
  type: [MDBA_ROUTER_PATTR_TYPE, u8],
  ipv4Timer: [MDBA_ROUTER_PATTR_INET_TIMER, u32],
  ipv6Timer: [MDBA_ROUTER_PATTR_INET6_TIMER, u32],
  vlan: [MDBA_ROUTER_PATTR_VID, u16],
}));

const entries = attributes(() => ({ infos: [MDBA_MDB_ENTRY_INFO, repeated(body(mdbEntry, told))] }));

/** What the kernel tells of a bridge: RTM_NEWMDB, RTM_DELMDB. */
export const mdbBody = body(
  portMessage,
  attributes(() => ({
    groups: [MDBA_MDB, nested(attributes(() => ({ entries: [MDBA_MDB_ENTRY, repeated(nested(entries))] })))],
    routers: [
      MDBA_ROUTER,
      nested(attributes(() => ({ ports: [MDBA_ROUTER_PORT, repeated(body(struct({ port: u32 }), routerPort))] }))),
    ],
  })),
);

const asked = attributes(() => ({
  source: [MDBE_ATTR_SOURCE, ip],
  sources: [
    MDBE_ATTR_SRC_LIST,
    nested(
      attributes(() => ({
        list: [MDBE_SRC_LIST_ENTRY, repeated(nested(attributes(() => ({ address: [MDBE_SRCATTR_ADDRESS, ip] }))))],
      })),
    ),
  ],
  mode: [MDBE_ATTR_GROUP_MODE, filterMode],
  protocol: [MDBE_ATTR_RTPROT, u8],
  destination: [MDBE_ATTR_DST, ip],
  destinationPort: [MDBE_ATTR_DST_PORT, u16],
  vni: [MDBE_ATTR_VNI, u32],
  outgoing: [MDBE_ATTR_IFINDEX, u32],
  sourceVni: [MDBE_ATTR_SRC_VNI, u32],
  stateMask: [MDBE_ATTR_STATE_MASK, u8],
}));

/** What is asked of a bridge. */
export const mdbRequestBody = body(
  portMessage,
  attributes(() => ({ entry: [MDBA_SET_ENTRY, mdbEntry], options: [MDBA_SET_ENTRY_ATTRS, nested(asked)] })),
);

/** The same for RTM_GETMDB, whose attributes have numbers of their own. */
export const mdbGetBody = body(
  portMessage,
  attributes(() => ({ entry: [MDBA_GET_ENTRY, mdbEntry], options: [MDBA_GET_ENTRY_ATTRS, nested(asked)] })),
);
