import type { Infer } from '../codec/codec.ts';
import { ValueError } from '../codec/error.ts';
import type { nexthopAttributes, nexthopBody, nhmsg } from './nexthop-body.ts';

type Attributes = Infer<typeof nexthopAttributes>;
type WireMember = NonNullable<Attributes['group']>[number];

/** A next hop in a group. */
export interface NexthopMember {
  readonly id: number;
  /** Packets are spread in proportion to it: 1 to 256, since kernel 6.13 to 65535; 1 by default. */
  readonly weight?: number;
}

/** A nexthop object: a gateway, a link or a blackhole that routes name by its id, or a group of such. */
export type Nexthop = Omit<
  Attributes,
  'id' | 'group' | 'blackhole' | 'fdb' | 'groups' | 'master' | 'operationFlags' | 'bucket' | 'statistics'
> & {
  readonly id: number;
  /** AF_UNSPEC for a group. */
  readonly family: number;
  /** RTPROT_*: who made it. */
  readonly protocol: number;
  /** RT_SCOPE_*. */
  readonly scope: number;
  readonly flags: Infer<typeof nhmsg>['flags'];
  readonly group?: readonly NexthopMember[];
  readonly blackhole?: true;
  /** A VTEP for FDB entries, or a group of such. */
  readonly fdb?: true;
  /** Of the members of a group; only when asked for. */
  readonly statistics?: readonly {
    readonly id?: number;
    readonly packets?: bigint;
    readonly hardwarePackets?: bigint;
  }[];
};

/** A bucket of a resilient group, and which member it leads to now. */
export interface NexthopBucket {
  readonly group: number;
  readonly bucket: number;
  readonly nextHopId: number;
  /** Hundredths of a second since a packet took it. */
  readonly idleTime: number;
}

/** @throws {ValueError} A weight that does not fit. */
export function wireMember({ id, weight = 1 }: NexthopMember): WireMember {
  if (!Number.isInteger(weight) || weight < 1 || weight > 0xffff) {
    throw new ValueError(`${weight} is no weight from 1 to 65535`, 'group.weight');
  }
  return { id, weightLow: (weight - 1) & 0xff, weightHigh: (weight - 1) >> 8 };
}

/** Kernels before 6.11 left the upper byte as it was in memory: it counts only where the kernel says that it wrote it. */
function memberOf({ id, weightLow, weightHigh }: WireMember, wide: boolean): NexthopMember {
  return { id, weight: (wide ? (weightHigh << 8) | weightLow : weightLow) + 1 };
}

export function nexthopOf({ header, attributes: read }: Infer<typeof nexthopBody>): Nexthop {
  const { id = 0, group, operationFlags, groups: _g, master: _m, bucket: _b, statistics, ...rest } = read;
  const { family, protocol, scope, flags } = header;
  const wide = operationFlags?.wideWeights === true;
  return {
    ...rest,
    id,
    family,
    protocol,
    scope,
    flags,
    ...(group === undefined ? {} : { group: group.map((member) => memberOf(member, wide)) }),
    ...(statistics === undefined ? {} : { statistics: statistics.members ?? [] }),
  };
}

export function bucketOf({ attributes: { id = 0, bucket } }: Infer<typeof nexthopBody>): NexthopBucket {
  const { index = 0, nextHopId = 0, idleTime = 0 } = bucket ?? {};
  return { group: id, bucket: index, nextHopId, idleTime };
}
