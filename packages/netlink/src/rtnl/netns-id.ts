import { attributes } from '../codec/attributes.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { ValueError } from '../codec/error.ts';
import { s32, u8, u32 } from '../codec/scalar.ts';
import { struct } from '../codec/struct.ts';
import { readBody } from '../message/message.ts';
import { type DumpRequest, dumpOf, queryOf, type Request, requestOf } from '../message/request.ts';
import {
  NETNSA_CURRENT_NSID,
  NETNSA_FD,
  NETNSA_NSID,
  NETNSA_NSID_NOT_ASSIGNED,
  NETNSA_PID,
  NETNSA_TARGET_NSID,
} from '../uapi/net-namespace.ts';
import { RTM_GETNSID, RTM_NEWNSID } from '../uapi/rtnetlink.ts';

/** `struct rtgenmsg`. Source: include/uapi/linux/rtnetlink.h. */
const rtgenmsg = struct({ family: u8 });

const netnsAttributes = attributes(() => ({
  id: [NETNSA_NSID, s32],
  pid: [NETNSA_PID, u32],
  fd: [NETNSA_FD, u32],
  /** The namespace in which ids are asked for, by its id here. */
  target: [NETNSA_TARGET_NSID, s32],
  /** With `target`: the id here of what `id` says there. */
  current: [NETNSA_CURRENT_NSID, s32],
}));
export const netnsIdBody = body(rtgenmsg, netnsAttributes);

/** A namespace, by a descriptor that this process has open or by a process in it. */
export type NetnsReference = { readonly fd: number } | { readonly pid: number };

/**
 * The number by which the socket's namespace knows another one, as links tell it (`linkNetnsId`). -1: it has none. Of
 * an RTM_DELNSID the other namespace is gone.
 */
export interface NetnsId {
  readonly id: number;
  /** The same namespace's id in the socket's own, where ids of another one were asked for. */
  readonly current?: number;
}

export function netnsIdOf({ attributes: read }: Infer<typeof netnsIdBody>): NetnsId {
  const { id = NETNSA_NSID_NOT_ASSIGNED, current } = read;
  return { id, ...(current === undefined ? {} : { current }) };
}

/** Gives a namespace a number, one that the kernel chooses unless it is given. EEXIST when it has one already. */
function assign(reference: NetnsReference & { readonly id?: number }): Request<void> {
  const { id = NETNSA_NSID_NOT_ASSIGNED, ...rest } = reference;
  if (reference.id !== undefined && reference.id < 0) {
    throw new ValueError(`${id} is below 0, and the kernel would choose one; leave it out for that`, 'id');
  }
  return requestOf({
    operation: `assign namespace id ${id}`,
    type: RTM_NEWNSID,
    codec: netnsIdBody,
    value: { header: rtgenmsg.fill({}), attributes: { id, ...rest } },
  });
}

/** The id of a namespace, -1 when it has none; `target` asks another namespace (by its id here) instead of the socket's. */
function get(
  reference: (NetnsReference | { readonly id: number }) & { readonly target?: number },
): Request<NetnsId | undefined> {
  return queryOf({
    operation: 'get namespace id',
    type: RTM_GETNSID,
    codec: netnsIdBody,
    value: { header: rtgenmsg.fill({}), attributes: reference },
    reply: (messages) => {
      const message = messages.find(({ type }) => type === RTM_NEWNSID);
      return message === undefined ? undefined : netnsIdOf(readBody(netnsIdBody, message));
    },
  });
}

/** All ids that the socket's namespace (or `target`) knows others by. */
function list(options?: { readonly target: number }): DumpRequest<NetnsId> {
  return dumpOf({
    operation: 'list namespace ids',
    type: RTM_GETNSID,
    codec: netnsIdBody,
    value: { header: rtgenmsg.fill({}), attributes: options === undefined ? {} : { target: options.target } },
    itemCodec: netnsIdBody,
    item: netnsIdOf,
  });
}

/** Requests about the numbers by which namespaces know each other. */
export const netnsIds = { assign, get, list } as const;
