import { type DumpRequest, dumpBy } from '../../message/request.ts';
import { RTEXT_FILTER_VF, RTM_GETLINK } from '../../uapi/rtnetlink.ts';
import { linkBody } from './attributes.ts';
import { linkHeader } from './header.ts';
import { decodeLink, type Link } from './link.ts';

/** What a GET tells. */
export interface LinkDetail {
  /** The virtual functions of NICs, with their statistics. */
  readonly virtualFunctions?: boolean;
  /** Of another namespace, by the id that this one has for it. */
  readonly netnsId?: number;
}

/** As attributes of the request. */
export function detailOf(detail: LinkDetail): { extMask?: number; targetNetnsId?: number } {
  const { virtualFunctions, netnsId } = detail;
  return {
    ...(virtualFunctions === true ? { extMask: RTEXT_FILTER_VF } : {}),
    ...(netnsId === undefined ? {} : { targetNetnsId: netnsId }),
  };
}

/** All links, or those of a kind, a group, or the ports of a master. */
export function list(
  filter: LinkDetail & { readonly kind?: string; readonly master?: number; readonly group?: number } = {},
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
