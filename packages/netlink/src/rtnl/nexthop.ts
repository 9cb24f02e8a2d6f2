import { type RawMessage, readBody } from '../message/message.ts';
import { type DumpRequest, dumpOf, queryOf, type Request, requestOf } from '../message/request.ts';
import { NLM_F_CREATE, NLM_F_ECHO, NLM_F_EXCL, NLM_F_REPLACE } from '../uapi/netlink.ts';
import {
  RTM_DELNEXTHOP,
  RTM_GETNEXTHOP,
  RTM_GETNEXTHOPBUCKET,
  RTM_NEWNEXTHOP,
  RTM_NEWNEXTHOPBUCKET,
} from '../uapi/rtnetlink.ts';
import { AF_INET } from '../uapi/socket.ts';
import { nexthopBody, nhmsg } from './nexthop-body.ts';
import {
  bucketOf,
  type Nexthop,
  type NexthopBucket,
  type NexthopMember,
  nexthopOf,
  wireMember,
} from './nexthop-value.ts';
import { familyOf } from './prefix.ts';

/**
 * What a nexthop object is to be. Without an id the kernel chooses one, which the result tells. A group has members and
 * nothing else but `groupType`, `resilient`, `fdb` and `protocol`. Without `via` the family is IPv4 unless it is given.
 */
export type NexthopSpec = Pick<
  Nexthop,
  'outgoing' | 'via' | 'encapType' | 'encap' | 'blackhole' | 'fdb' | 'groupType' | 'hardwareStatisticsEnabled'
> & {
  readonly id?: number;
  readonly family?: number;
  readonly protocol?: number;
  /** `onLink`. */
  readonly flags?: Nexthop['flags'];
  readonly group?: readonly NexthopMember[];
  /** Times in hundredths of a second. */
  readonly resilient?: Omit<NonNullable<Nexthop['resilient']>, 'unbalancedTime'>;
};

function told(messages: readonly RawMessage[]): Nexthop | undefined {
  const message = messages.find(({ type }) => type === RTM_NEWNEXTHOP);
  return message === undefined ? undefined : nexthopOf(readBody(nexthopBody, message));
}

function make(verb: string, flags: number, spec: NexthopSpec): Request<Nexthop | undefined> {
  const { id, family, protocol, flags: hopFlags, group, ...rest } = spec;
  const defaultFamily = rest.via === undefined ? AF_INET : familyOf(rest.via);
  return queryOf({
    operation: `${verb} nexthop ${id ?? 'of any id'}`,
    type: RTM_NEWNEXTHOP,
    flags: flags | NLM_F_ECHO,
    codec: nexthopBody,
    value: {
      header: nhmsg.fill({
        family: group === undefined ? (family ?? defaultFamily) : 0,
        ...(protocol === undefined ? {} : { protocol }),
        ...(hopFlags === undefined ? {} : { flags: hopFlags }),
      }),
      attributes: {
        ...(id === undefined ? {} : { id }),
        ...rest,
        ...(group === undefined ? {} : { group: group.map(wireMember) }),
      },
    },
    reply: told,
  });
}

/** Resolves with what was made, its id included. EEXIST when there is one of that id. */
function create(spec: NexthopSpec): Request<Nexthop | undefined> {
  return make('create', NLM_F_CREATE | NLM_F_EXCL, spec);
}

/** All routes that name it go the new way at once. A group cannot become a next hop, nor the other way round (EINVAL). */
function replace(spec: NexthopSpec & { readonly id: number }): Request<Nexthop | undefined> {
  return make('replace', NLM_F_CREATE | NLM_F_REPLACE, spec);
}

/** Routes that name it go with it. ENOENT when there is none. */
function deleteNexthop(id: number): Request<void> {
  return requestOf({
    operation: `delete nexthop ${id}`,
    type: RTM_DELNEXTHOP,
    codec: nexthopBody,
    value: { header: nhmsg.fill({}), attributes: { id } },
  });
}

/** ENOENT when there is none. Statistics of a group's members: kernels since 6.9, EINVAL from older ones. */
function get(id: number, options?: { readonly statistics: boolean }): Request<Nexthop | undefined> {
  const asked = options?.statistics === true ? { operationFlags: { statistics: true } } : {};
  return queryOf({
    operation: `get nexthop ${id}`,
    type: RTM_GETNEXTHOP,
    codec: nexthopBody,
    value: { header: nhmsg.fill({}), attributes: { id, ...asked } },
    reply: told,
  });
}

/** Which nexthops are listed. */
export interface NexthopFilter {
  readonly family?: number;
  readonly outgoing?: number;
  /** Index of the bridge or VRF that the link is in. */
  readonly master?: number;
  readonly groups?: true;
  readonly fdb?: true;
}

/** All, or those that agree with the filter. */
function list(filter: NexthopFilter = {}): DumpRequest<Nexthop> {
  const { family, ...wanted } = filter;
  return dumpOf({
    operation: 'list nexthops',
    type: RTM_GETNEXTHOP,
    codec: nexthopBody,
    value: { header: nhmsg.fill(family === undefined ? {} : { family }), attributes: wanted },
    itemCodec: nexthopBody,
    item(read) {
      const nexthop = nexthopOf(read);
      const agrees =
        (family === undefined || nexthop.family === family) &&
        (wanted.outgoing === undefined || nexthop.outgoing === wanted.outgoing) &&
        (wanted.groups === undefined || nexthop.group !== undefined) &&
        (wanted.fdb === undefined || nexthop.fdb === true);
      return agrees ? nexthop : undefined;
    },
  });
}

/** Which buckets of resilient groups are listed. */
export interface BucketFilter {
  /** Id of a group. */
  readonly group?: number;
  /** Those that lead to this member now. */
  readonly nextHopId?: number;
  readonly outgoing?: number;
}

/** The buckets of resilient groups. */
function listBuckets(filter: BucketFilter = {}): DumpRequest<NexthopBucket> {
  const { group, nextHopId, outgoing } = filter;
  return dumpOf({
    operation: 'list nexthop buckets',
    type: RTM_GETNEXTHOPBUCKET,
    codec: nexthopBody,
    value: {
      header: nhmsg.fill({}),
      attributes: {
        ...(group === undefined ? {} : { id: group }),
        ...(outgoing === undefined ? {} : { outgoing }),
        ...(nextHopId === undefined ? {} : { bucket: { nextHopId } }),
      },
    },
    itemCodec: nexthopBody,
    item(read) {
      const bucket = bucketOf(read);
      const ofGroup = group === undefined || bucket.group === group;
      return ofGroup && (nextHopId === undefined || bucket.nextHopId === nextHopId) ? bucket : undefined;
    },
  });
}

/** ENOENT when the group has no such bucket, EINVAL when it is not resilient. */
function getBucket(key: { readonly group: number; readonly bucket: number }): Request<NexthopBucket | undefined> {
  return queryOf({
    operation: `get bucket ${key.bucket} of nexthop group ${key.group}`,
    type: RTM_GETNEXTHOPBUCKET,
    codec: nexthopBody,
    value: { header: nhmsg.fill({}), attributes: { id: key.group, bucket: { index: key.bucket } } },
    reply: (messages) => {
      const message = messages.find(({ type }) => type === RTM_NEWNEXTHOPBUCKET);
      return message === undefined ? undefined : bucketOf(readBody(nexthopBody, message));
    },
  });
}

/** Requests about nexthop objects. */
export const nexthops = { create, replace, delete: deleteNexthop, get, list, listBuckets, getBucket } as const;
