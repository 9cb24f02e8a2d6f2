import type { Infer } from '../codec/codec.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../message/request.ts';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../uapi/netlink.ts';
import { RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH } from '../uapi/rtnetlink.ts';
import { AF_BRIDGE } from '../uapi/socket.ts';
import {
  type NeighbourFlags,
  type NeighbourState,
  ndmsg,
  type neighbourAttributes,
  neighbourBody,
} from './neighbour-body.ts';
import { familyOf } from './prefix.ts';

/** Which hardware address an IP address has on a link. */
export type Neighbour = Omit<Infer<typeof neighbourAttributes>, 'destination' | 'outgoing'> & {
  readonly family: number;
  readonly index: number;
  readonly address: string;
  readonly state: NeighbourState;
  readonly flags: NeighbourFlags;
};

/** The state is `permanent` when none is given. */
export interface NeighbourSpec {
  readonly index: number;
  readonly address: string;
  readonly mac: string;
  readonly state?: NeighbourState;
  readonly flags?: NeighbourFlags;
  /** RTPROT_*: who made it. */
  readonly protocol?: number;
}

export function neighbourOf({ header, attributes: read }: Infer<typeof neighbourBody>): Neighbour {
  const { destination = '', outgoing: _, ...rest } = read;
  const { family, index, state, flags } = header;
  return { ...rest, family, index, address: destination, state, flags };
}

type Named = Pick<NeighbourSpec, 'index' | 'address'> & Partial<NeighbourSpec>;

function change(verb: string, type: number, flags: number, spec: Named): Request<void> {
  const { index, address, state, flags: entryFlags, ...rest } = spec;
  const family = familyOf(address);
  return requestOf({
    operation: `${verb} neighbour ${address} of link #${index}`,
    type,
    flags,
    codec: neighbourBody,
    value: {
      header: ndmsg.fill({
        family,
        index,
        state: state ?? (type === RTM_NEWNEIGH ? { permanent: true } : {}),
        flags: entryFlags ?? {},
      }),
      attributes: { destination: address, ...rest },
    },
  });
}

function create(spec: NeighbourSpec): Request<void> {
  return change('create', RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, spec);
}

function replace(spec: NeighbourSpec): Request<void> {
  return change('replace', RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, spec);
}

/** ENOENT when there is none. */
function deleteNeighbour(spec: Pick<NeighbourSpec, 'index' | 'address'>): Request<void> {
  const { index, address } = spec;
  return change('delete', RTM_DELNEIGH, 0, { index, address });
}

/** Neighbours of all links and families, without FDB entries. The link is asked for by NDA_IFINDEX: strict checking refuses ndm_ifindex. */
function list(filter: { readonly family?: number; readonly index?: number } = {}): DumpRequest<Neighbour> {
  const { family, index } = filter;
  return dumpOf({
    operation: 'list neighbours',
    type: RTM_GETNEIGH,
    codec: neighbourBody,
    value: {
      header: ndmsg.fill(family === undefined ? {} : { family }),
      attributes: index === undefined ? {} : { outgoing: index },
    },
    itemCodec: neighbourBody,
    item(read) {
      const { header } = read;
      const wanted = header.family === (family ?? header.family) && header.index === (index ?? header.index);
      return wanted && header.family !== AF_BRIDGE ? neighbourOf(read) : undefined;
    },
  });
}

/** Requests about neighbours: ARP and IPv6 neighbour discovery. */
export const neighbours = { create, replace, delete: deleteNeighbour, list } as const;
