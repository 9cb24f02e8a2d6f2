import { ValueError } from '../../codec/error.ts';
import { queryOf, type Request, requestOf } from '../../message/request.ts';
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_ECHO, NLM_F_EXCL } from '../../uapi/netlink.ts';
import { RTM_DELLINK, RTM_DELLINKPROP, RTM_GETLINK, RTM_NEWLINK, RTM_NEWLINKPROP } from '../../uapi/rtnetlink.ts';
import { linkBody } from './attributes.ts';
import { change } from './change.ts';
import { deleteGroup, deleteGroupBlindly } from './delete-group.ts';
import { linkHeader } from './header.ts';
import { dataOf, decodeLink, type Link, portOf } from './link.ts';
import { detailOf, type LinkDetail, list } from './list.ts';
import type { NewLink } from './new-link.ts';
import { type LinkSelector, selected } from './selector.ts';
import { checkNewLink } from './validate.ts';

/**
 * Makes a link and resolves with it, its new index included, if the kernel echoes it. Kernels before 6.2 echo none, and
 * vxlan devices never are; then the result is undefined, and `get` tells. `createLink` does both.
 * @throws {ValueError} Something that the kernel would take and forget without a word.
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

/** Deletes a link, and what hangs on it: a veth's other end, VLANs above it. ENODEV when there is none. */
function deleteLink(selector: LinkSelector): Request<void> {
  const { index, attributes, text } = selected(selector);
  const value = { header: linkHeader({ index }), attributes };
  return requestOf({ operation: `delete link ${text}`, type: RTM_DELLINK, codec: linkBody, value });
}

/** One link, by its index, its name or an alternative one. ENODEV: there is none. */
function get(selector: LinkSelector, detail: LinkDetail = {}): Request<Link | undefined> {
  const { index, attributes, text } = selected(selector);
  return queryOf({
    operation: `get link ${text}`,
    type: RTM_GETLINK,
    codec: linkBody,
    value: { header: linkHeader({ index }), attributes: { ...attributes, ...detailOf(detail) } },
    reply: (messages) => messages.map(decodeLink).at(-1),
  });
}

function altNames(type: number, verb: string, selector: LinkSelector, names: readonly string[]): Request<void> {
  const { index, attributes, text } = selected(selector);
  if (names.length === 0) throw new ValueError(`${verb} link ${text}: there are none`, 'names');
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

/** Requests about network interfaces; `deleteGroup` takes several, and so a connection. */
export const links = {
  create,
  change,
  delete: deleteLink,
  deleteGroup,
  deleteGroupBlindly,
  get,
  list,
  addAltNames,
  deleteAltNames,
  dataOf,
  portOf,
} as const;
