import { type DumpRequest, queryOf, type Request, requestOf } from '../../message/request.ts';
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_ECHO, NLM_F_EXCL } from '../../uapi/netlink.ts';
import {
  RTEXT_FILTER_SKIP_STATS,
  RTM_DELLINK,
  RTM_DELLINKPROP,
  RTM_GETLINK,
  RTM_NEWLINK,
  RTM_NEWLINKPROP,
} from '../../uapi/rtnetlink.ts';
import { type LinkAttributes, linkBody } from './attributes.ts';
import type { BridgePort } from './bridge-port.ts';
import { type LinkFlags, linkHeader } from './header.ts';
import { dataOf, decodeLink, type Link, type LinkData, type LinkKind } from './link.ts';

/** How a request names its link. A name longer than 15 bytes is an alternative one. */
export type LinkSelector = { readonly index: number } | { readonly name: string };

type Plain = Omit<LinkAttributes, 'linkinfo' | 'unknown' | 'altName' | 'extMask' | 'properties'>;

type KindAndData =
  | { readonly [K in LinkKind]: { readonly kind: K; readonly data?: LinkData<K> } }[LinkKind]
  /** A kind without a table; the data is written as it is. */
  | { readonly kind: string; readonly data?: Uint8Array };

/**
 * What a new link can be given. The kernel takes an alias, alternative names or `addressFamilies` in the same message
 * and forgets them without an error, so they are not here: `change` and `addAltNames` set them.
 */
export type NewLink = Omit<Plain, 'alias' | 'addressFamilies'> &
  KindAndData & { readonly name: string; readonly index?: number; readonly flags?: LinkFlags };

/** Only what is mentioned changes. `data` needs its `kind`; `port` needs that the link is a port already. */
export type LinkChange = Plain & {
  readonly flags?: LinkFlags;
  readonly kind?: LinkKind;
  readonly data?: LinkData<LinkKind>;
  readonly port?: BridgePort;
};

/** Longest name of an interface. Source: IFNAMSIZ of include/uapi/linux/if.h. */
const NAME_MAX = 15;

function selected(selector: LinkSelector): {
  readonly index: number;
  readonly attributes: LinkAttributes;
  readonly text: string;
} {
  if ('index' in selector) {
    if (!(selector.index > 0)) throw new RangeError(`${selector.index} is not the index of a link; indices begin at 1`);
    return { index: selector.index, attributes: {}, text: `#${selector.index}` };
  }
  const { name } = selector;
  if (name === '') throw new RangeError('the name of a link is empty');
  const attributes = Buffer.byteLength(name) > NAME_MAX ? { altName: name } : { name };
  return { index: 0, attributes, text: name };
}

/**
 * Makes a link and resolves with it, its new index included, if the kernel echoes it. Kernels before 6.2 echo none, and
 * vxlan devices never are; then the result is undefined, and `get` tells. `createLink` does both.
 */
function create(link: NewLink): Request<Link | undefined> {
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

/** Changes a link. A new `name` needs a selection by index. */
function change(selector: LinkSelector, wanted: LinkChange): Request<void> {
  const { index, attributes, text } = selected(selector);
  const { flags, kind, data, port, ...rest } = wanted;
  if (rest.name !== undefined && index === 0) throw new RangeError('a link is renamed by its index, not by its name');
  const linkinfo = {
    ...(kind === undefined ? {} : { kind }),
    ...(data === undefined ? {} : { data }),
    ...(port === undefined ? {} : { slaveKind: 'bridge', slaveData: port }),
  };
  return requestOf({
    operation: `change link ${text} (${Object.keys(wanted).join(', ')})`,
    type: RTM_NEWLINK,
    codec: linkBody,
    value: {
      header: linkHeader({ index, ...(flags === undefined ? {} : { flags }) }),
      attributes: { ...attributes, ...rest, ...(Object.keys(linkinfo).length === 0 ? {} : { linkinfo }) },
    },
  });
}

function deleteLink(selector: LinkSelector): Request<void> {
  const { index, attributes, text } = selected(selector);
  const value = { header: linkHeader({ index }), attributes };
  return requestOf({ operation: `delete link ${text}`, type: RTM_DELLINK, codec: linkBody, value });
}

/**
 * Deletes all links of a group at once, which is up to 80 times as fast as one by one. A foreign member dies with it,
 * and one that cannot be deleted blocks all (EOPNOTSUPP): list the group first.
 */
function deleteGroup(group: number): Request<void> {
  if (group === 0) throw new RangeError('group 0 holds every link that was given no other group');
  const value = { header: linkHeader({}), attributes: { group } };
  return requestOf({ operation: `delete links of group ${group}`, type: RTM_DELLINK, codec: linkBody, value });
}

function get(selector: LinkSelector): Request<Link | undefined> {
  const { index, attributes, text } = selected(selector);
  return queryOf({
    operation: `get link ${text}`,
    type: RTM_GETLINK,
    codec: linkBody,
    value: { header: linkHeader({ index }), attributes: { ...attributes, extMask: RTEXT_FILTER_SKIP_STATS } },
    reply: (messages) => messages.map(decodeLink).at(-1),
  });
}

/** All links, or those of a kind, or the ports of a master. Statistics are left out. */
function list(filter: { readonly kind?: string; readonly master?: number } = {}): DumpRequest<Link> {
  const { kind, master } = filter;
  return {
    ...requestOf({
      operation: 'list links',
      type: RTM_GETLINK,
      codec: linkBody,
      value: {
        header: linkHeader({}),
        attributes: {
          extMask: RTEXT_FILTER_SKIP_STATS,
          ...(master === undefined ? {} : { master }),
          ...(kind === undefined ? {} : { linkinfo: { kind } }),
        },
      },
    }),
    decode(message) {
      const link = decodeLink(message);
      const wanted = (kind === undefined || link.kind === kind) && (master === undefined || link.master === master);
      return wanted ? link : undefined;
    },
  };
}

function altNames(type: number, verb: string, selector: LinkSelector, names: readonly string[]): Request<void> {
  const { index, attributes, text } = selected(selector);
  return requestOf({
    operation: `${verb} link ${text}: ${names.join(', ')}`,
    type,
    flags: type === RTM_NEWLINKPROP ? NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND : 0,
    codec: linkBody,
    value: { header: linkHeader({ index }), attributes: { ...attributes, properties: { altNames: names } } },
  });
}

/** Names of up to 127 bytes beside the name proper. */
function addAltNames(selector: LinkSelector, names: readonly string[]): Request<void> {
  return altNames(RTM_NEWLINKPROP, 'add alternative names of', selector, names);
}

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
} as const;
