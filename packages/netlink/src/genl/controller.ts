import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import type { Infer } from '../codec/codec.ts';
import { array } from '../codec/nested.ts';
import { u16, u32 } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import { readBody } from '../message/message.ts';
import { type DumpRequest, dumpOf, queryOf, type Request } from '../message/request.ts';
import {
  CTRL_ATTR_FAMILY_ID,
  CTRL_ATTR_FAMILY_NAME,
  CTRL_ATTR_HDRSIZE,
  CTRL_ATTR_MAXATTR,
  CTRL_ATTR_MCAST_GROUPS,
  CTRL_ATTR_MCAST_GRP_ID,
  CTRL_ATTR_MCAST_GRP_NAME,
  CTRL_ATTR_OP_FLAGS,
  CTRL_ATTR_OP_ID,
  CTRL_ATTR_OPS,
  CTRL_ATTR_VERSION,
  CTRL_CMD_GETFAMILY,
  GENL_ADMIN_PERM,
  GENL_CMD_CAP_DO,
  GENL_CMD_CAP_DUMP,
  GENL_CMD_CAP_HASPOL,
  GENL_ID_CTRL,
  GENL_UNS_ADMIN_PERM,
} from '../uapi/genetlink.ts';
import { genlBody } from './header.ts';

const operation = attributes(() => ({
  /** The command's number in genlmsghdr. */
  command: [CTRL_ATTR_OP_ID, u32],
  flags: [
    CTRL_ATTR_OP_FLAGS,
    bits(u32, {
      /** It needs CAP_NET_ADMIN in the first user namespace. */
      adminPermission: GENL_ADMIN_PERM,
      do: GENL_CMD_CAP_DO,
      dump: GENL_CMD_CAP_DUMP,
      hasPolicy: GENL_CMD_CAP_HASPOL,
      /** It needs CAP_NET_ADMIN in the namespace. */
      namespaceAdminPermission: GENL_UNS_ADMIN_PERM,
    }),
  ],
}));

/** A multicast group: its number is what a monitor takes. */
const group = attributes(() => ({ name: [CTRL_ATTR_MCAST_GRP_NAME, cstring], id: [CTRL_ATTR_MCAST_GRP_ID, u32] }));

const familyAttributes = attributes(() => ({
  /** nlmsg_type of its messages, given when the kernel or its module started. */
  id: [CTRL_ATTR_FAMILY_ID, u16],
  name: [CTRL_ATTR_FAMILY_NAME, cstring],
  version: [CTRL_ATTR_VERSION, u32],
  /** Bytes of a header between genlmsghdr and the attributes. */
  headerSize: [CTRL_ATTR_HDRSIZE, u32],
  maxAttribute: [CTRL_ATTR_MAXATTR, u32],
  operations: [CTRL_ATTR_OPS, array(operation)],
  groups: [CTRL_ATTR_MCAST_GROUPS, array(group)],
}));

/** A family of generic netlink as the kernel's controller tells it. Source: include/uapi/linux/genetlink.h. */
export type GenlFamily = Infer<typeof familyAttributes>;

const familyBody = genlBody(familyAttributes);
const header = { command: CTRL_CMD_GETFAMILY, version: 2 };

/** A family by its name. The kernel loads the family's module first. ENOENT: there is none. */
function get(name: string): Request<GenlFamily | undefined> {
  return queryOf({
    operation: `get generic netlink family ${name}`,
    type: GENL_ID_CTRL,
    codec: familyBody,
    value: { header, attributes: { name } },
    reply: (messages) => messages.map((message) => readBody(familyBody, message).attributes).at(-1),
  });
}

/** All families that are loaded. */
function list(): DumpRequest<GenlFamily> {
  return dumpOf({
    operation: 'list generic netlink families',
    type: GENL_ID_CTRL,
    codec: familyBody,
    value: { header, attributes: {} },
    itemCodec: familyBody,
    item: (body) => body.attributes,
  });
}

/** Requests about families of generic netlink, on a connection of NETLINK_GENERIC. */
export const genlFamilies = { get, list } as const;
