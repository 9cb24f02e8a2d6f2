import { attributes } from '../../codec/attributes.ts';
import { body } from '../../codec/body.ts';
import type { Infer } from '../../codec/codec.ts';
import { ValueError } from '../../codec/error.ts';
import { integer } from '../../codec/integer.ts';
import { select } from '../../codec/select.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../../message/request.ts';
import { ETH_P_ALL } from '../../uapi/if-ether.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../../uapi/netlink.ts';
import { RTM_DELTFILTER, RTM_GETTFILTER, RTM_NEWTFILTER, TCA_OPTIONS } from '../../uapi/rtnetlink.ts';
import { parentNumber, type TcParent } from './handle.ts';
import { filterKinds } from './kinds.ts';
import { tcCommon, tcmsg } from './message.ts';

const filterAttributes = attributes(() => ({
  ...tcCommon,
  options: [TCA_OPTIONS, select('kind', filterKinds, { flagged: false })],
}));
export const filterBody = body(tcmsg, filterAttributes);
type Attributes = Infer<typeof filterAttributes>;

/** A filter: which packets go to a class, or what is done with them. */
export type TrafficFilter = Omit<Attributes, 'kind' | 'oldStatistics'> & {
  readonly kind: string;
  /** Of the link; 0xffffffff of a filter of a block that several links share. */
  readonly index: number;
  /** `tcParents.ingress`, `tcParents.egress`, or the handle of a qdisc or class. */
  readonly parent: number;
  readonly handle: number;
  /** 1 to 65535: smaller is asked first. */
  readonly priority: number;
  /** EtherType of the packets that it is asked about; ETH_P_ALL (3) is all. */
  readonly protocol: number;
};

/** A filter to be made. */
export type FilterSpec = (
  | {
      readonly [K in keyof typeof filterKinds]: { readonly kind: K; readonly options?: Infer<(typeof filterKinds)[K]> };
    }[keyof typeof filterKinds]
  | { readonly kind: string; readonly options: Uint8Array }
) & {
  readonly index: number;
  readonly parent: TcParent;
  /** The kernel chooses one when it is not given. */
  readonly priority?: number;
  /** All by default. Filters of one priority have one protocol. */
  readonly protocol?: number;
  readonly handle?: number;
  /** 0 by default. */
  readonly chain?: number;
};

/** The protocol is in network order although the number around it is not. */
function swapped(protocol: number): number {
  return ((protocol & 0xff) << 8) | (protocol >> 8);
}

/** @throws {ValueError} Both have 16 bits of one number: what is beyond would be another priority, or none, which is all. */
function infoOf(priority: number, protocol: number): number {
  const upper = integer('priority', priority, 0, 0xffff) << 16;
  return (upper | swapped(integer('protocol', protocol, 0, 0xffff))) >>> 0;
}

export function filterOf({ header, attributes: read }: Infer<typeof filterBody>): TrafficFilter {
  const { kind = '', oldStatistics: _old, ...rest } = read;
  const { index, handle, parent, info } = header;
  return { ...rest, kind, index, handle, parent, priority: info >>> 16, protocol: swapped(info & 0xffff) };
}

function change(verb: string, flags: number, spec: FilterSpec): Request<void> {
  const { index, kind, parent, priority = 0, protocol = ETH_P_ALL, handle = 0, chain, options } = spec;
  return requestOf({
    operation: `${verb} filter ${kind} of link #${index}`,
    type: RTM_NEWTFILTER,
    flags,
    codec: filterBody,
    value: {
      header: tcmsg.fill({ index, handle, parent: parentNumber(parent), info: infoOf(priority, protocol) }),
      attributes: {
        kind,
        ...(chain === undefined ? {} : { chain }),
        ...(options === undefined ? {} : { options }),
      },
    },
  });
}

/** EEXIST when there is one of that handle; EINVAL with "Parent Qdisc doesn't exists" without its qdisc. */
function create(spec: FilterSpec): Request<void> {
  return change('create', NLM_F_CREATE | NLM_F_EXCL, spec);
}

/** Takes the place of the one of that priority and handle; without a handle one more is made of some kinds, u32 among them. */
function replace(spec: FilterSpec): Request<void> {
  return change('replace', NLM_F_CREATE, spec);
}

/** ENOENT when there is none. */
function deleteFilter(key: {
  readonly index: number;
  readonly parent: TcParent;
  readonly priority: number;
  readonly protocol?: number;
  readonly kind?: string;
  readonly handle?: number;
  readonly chain?: number;
}): Request<void> {
  const { index, parent, priority, protocol = ETH_P_ALL, kind, handle = 0, chain } = key;
  const info = infoOf(priority, protocol);
  if (priority === 0) throw new ValueError('priority 0 is all filters; deleteAll deletes these', 'priority');
  return requestOf({
    operation: `delete filter of priority ${priority} of link #${index}`,
    type: RTM_DELTFILTER,
    codec: filterBody,
    value: {
      header: tcmsg.fill({ index, handle, parent: parentNumber(parent), info }),
      attributes: { ...(kind === undefined ? {} : { kind }), ...(chain === undefined ? {} : { chain }) },
    },
  });
}

/** All filters of a parent; it succeeds when there are none. */
function deleteAll(key: { readonly index: number; readonly parent: TcParent }): Request<void> {
  const { index, parent } = key;
  return requestOf({
    operation: `delete filters of link #${index}`,
    type: RTM_DELTFILTER,
    codec: filterBody,
    value: { header: tcmsg.fill({ index, parent: parentNumber(parent) }), attributes: {} },
  });
}

/** Of one link and parent; the kernel answers with an empty list where there is no such qdisc. */
function list(filter: {
  readonly index: number;
  readonly parent: TcParent;
  readonly kind?: string;
}): DumpRequest<TrafficFilter> {
  const { index, parent, kind } = filter;
  return dumpOf({
    operation: `list filters of link #${index}`,
    type: RTM_GETTFILTER,
    codec: filterBody,
    value: { header: tcmsg.fill({ index, parent: parentNumber(parent) }), attributes: {} },
    itemCodec: filterBody,
    item(read) {
      const wanted = read.header.index === index && (kind === undefined || read.attributes.kind === kind);
      return wanted ? filterOf(read) : undefined;
    },
  });
}

/** Requests about filters: which packets go to a class, and what is done with those that come in. */
export const filters = { create, replace, delete: deleteFilter, deleteAll, list } as const;
