import { type DumpRequest, dumpBy, queryOf, type Request, requestOf } from '../../message/request.ts';
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_ECHO, NLM_F_EXCL } from '../../uapi/netlink.ts';
import {
  RTEXT_FILTER_VF,
  RTM_DELLINK,
  RTM_DELLINKPROP,
  RTM_GETLINK,
  RTM_NEWLINK,
  RTM_NEWLINKPROP,
  RTM_SETLINK,
} from '../../uapi/rtnetlink.ts';
import { AF_BRIDGE } from '../../uapi/socket.ts';
import { bridgeLinkBody, linkBody } from './attributes.ts';
import type { BridgePort } from './bridge-port.ts';
import { linkHeader } from './header.ts';
import { dataOf, decodeLink, type Link, portOf } from './link.ts';
import type { LinkChange, NewLink } from './new-link.ts';
import { type LinkSelector, selected } from './selector.ts';
import { checkNewLink } from './validate.ts';

/** What a GET tells beside the usual. */
interface Detail {
  /** The virtual functions of NICs, with their statistics. */
  readonly virtualFunctions?: boolean;
  /** Of another namespace, by the id that this one has for it. */
  readonly netnsId?: number;
}

/**
 * Makes a link and resolves with it, its new index included, if the kernel echoes it. Kernels before 6.2 echo none, and
 * vxlan devices never are; then the result is undefined, and `get` tells. `createLink` does both.
 * @throws {RangeError} Something that the kernel would forget without a word.
 */
function create(link: NewLink): Request<Link | undefined> {
  checkNewLink(link);
  const { kind, data, index, flags, ...attributes } = link;
  return queryOf({
    operation: `create link ${link.name}`,
    type: RTM_NEWLINK,
    flags: NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO,
    codec: linkBody,
    value: {
      header: linkHeader({ ...(index === undefined ? {} : { index }), ...(flags === undefined ? {} : { flags }) }),
      attributes: { ...attributes, linkinfo: { kind, ...(data === undefined ? {} : { data }) } },
    },
    reply: (messages) =>
      messages
        .filter((message) => message.type === RTM_NEWLINK)
        .map(decodeLink)
        .at(-1),
  });
}

/** Changes a link. A new `name` needs a selection by index, and so does `port`. */
function change(selector: LinkSelector, wanted: LinkChange): Request<void> {
  const { index, attributes, text } = selected(selector);
  const { flags, kind, data, port, bondPort, ...rest } = wanted;
  const operation = `change link ${text} (${Object.keys(wanted).join(', ')})`;
  if (port !== undefined) return changePort(operation, index, port, Object.keys(wanted).length === 1);
  if (rest.name !== undefined && index === 0) throw new RangeError('a link is renamed by its index, not by its name');
  if (data !== undefined && kind === undefined) throw new RangeError(`${operation}: data needs its kind`);
  const linkinfo = {
    ...(kind === undefined ? {} : { kind }),
    ...(data === undefined ? {} : { data }),
    ...(bondPort === undefined ? {} : { slaveKind: 'bond', slaveData: bondPort }),
  };
  return requestOf({
    operation,
    type: RTM_NEWLINK,
    codec: linkBody,
    value: {
      header: linkHeader({ index, ...(flags === undefined ? {} : { flags }) }),
      attributes: { ...attributes, ...rest, ...(Object.keys(linkinfo).length === 0 ? {} : { linkinfo }) },
    },
  });
}

/**
 * The bridge's own message (AF_BRIDGE) and not IFLA_INFO_SLAVE_DATA: both take all settings, and only this one fails
 * for a link that is no port.
 */
function changePort(operation: string, index: number, port: BridgePort, alone: boolean): Request<void> {
  if (index === 0 || !alone) {
    throw new RangeError(`${operation}: the settings of a port are changed by themselves, of a link selected by index`);
  }
  const value = { header: linkHeader({ family: AF_BRIDGE, index }), attributes: { port } };
  return requestOf({ operation, type: RTM_SETLINK, codec: bridgeLinkBody, value });
}

/** Deletes a link, and what hangs on it: a veth's other end, VLANs above it. ENODEV when there is none. */
function deleteLink(selector: LinkSelector): Request<void> {
  const { index, attributes, text } = selected(selector);
  const value = { header: linkHeader({ index }), attributes };
  return requestOf({ operation: `delete link ${text}`, type: RTM_DELLINK, codec: linkBody, value });
}

/**
 * Deletes all links of a group at once, which is up to 80 times as fast as one by one. A foreign member dies with it,
 * and one that cannot be deleted blocks all (EOPNOTSUPP): `deleteLinkGroup` looks into the group first.
 */
function deleteGroup(group: number): Request<void> {
  if (group === 0) throw new RangeError('group 0 holds every link that was given no other group');
  const value = { header: linkHeader({}), attributes: { group } };
  return requestOf({ operation: `delete links of group ${group}`, type: RTM_DELLINK, codec: linkBody, value });
}

function detailOf({ virtualFunctions, netnsId }: Detail): { extMask?: number; targetNetnsId?: number } {
  return {
    ...(virtualFunctions === true ? { extMask: RTEXT_FILTER_VF } : {}),
    ...(netnsId === undefined ? {} : { targetNetnsId: netnsId }),
  };
}

/** One link, by its index, its name or an alternative one. ENODEV: there is none. */
function get(selector: LinkSelector, detail: Detail = {}): Request<Link | undefined> {
  const { index, attributes, text } = selected(selector);
  return queryOf({
    operation: `get link ${text}`,
    type: RTM_GETLINK,
    codec: linkBody,
    value: { header: linkHeader({ index }), attributes: { ...attributes, ...detailOf(detail) } },
    reply: (messages) => messages.map(decodeLink).at(-1),
  });
}

/** All links, or those of a kind, a group, or the ports of a master. */
function list(
  filter: Detail & { readonly kind?: string; readonly master?: number; readonly group?: number } = {},
): DumpRequest<Link> {
  const { kind, master, group } = filter;
  return dumpBy({
    operation: 'list links',
    type: RTM_GETLINK,
    codec: linkBody,
    value: {
      header: linkHeader({}),
      attributes: {
        ...detailOf(filter),
        ...(master === undefined ? {} : { master }),
        ...(kind === undefined ? {} : { linkinfo: { kind } }),
      },
    },
    decode(message) {
      const link = decodeLink(message);
      const wanted =
        (kind === undefined || link.kind === kind) &&
        (master === undefined || link.master === master) &&
        // The kernel has no filter by group.
        (group === undefined || (link.group ?? 0) === group);
      return wanted ? link : undefined;
    },
  });
}

function altNames(type: number, verb: string, selector: LinkSelector, names: readonly string[]): Request<void> {
  const { index, attributes, text } = selected(selector);
  if (names.length === 0) throw new RangeError(`${verb} link ${text}: there are none`);
  return requestOf({
    operation: `${verb} link ${text}: ${names.join(', ')}`,
    type,
    flags: type === RTM_NEWLINKPROP ? NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND : 0,
    codec: linkBody,
    value: { header: linkHeader({ index }), attributes: { ...attributes, properties: { altNames: names } } },
  });
}

/** Names of up to 127 bytes beside the name proper. EEXIST: a link of the namespace has one of them. */
function addAltNames(selector: LinkSelector, names: readonly string[]): Request<void> {
  return altNames(RTM_NEWLINKPROP, 'add alternative names of', selector, names);
}

/** Takes alternative names away. ENOENT when there is no such name, EINVAL when it is another link’s. */
function deleteAltNames(selector: LinkSelector, names: readonly string[]): Request<void> {
  return altNames(RTM_DELLINKPROP, 'delete alternative names of', selector, names);
}

/** Requests about network interfaces. */
export const links = {
  create,
  change,
  delete: deleteLink,
  deleteGroup,
  get,
  list,
  addAltNames,
  deleteAltNames,
  dataOf,
  portOf,
} as const;
