import { attributes } from '../../codec/attributes.ts';
import { body } from '../../codec/body.ts';
import { nested } from '../../codec/nested.ts';
import { cstring } from '../../codec/text.ts';
import { type DumpRequest, dumpOf } from '../../message/request.ts';
import { IFLA_INFO_KIND, IFLA_LINKINFO } from '../../uapi/if-link.ts';
import { RTEXT_FILTER_SKIP_STATS, RTM_GETLINK } from '../../uapi/rtnetlink.ts';
import { linkBody } from './attributes.ts';
import { common } from './common.ts';
import { ifinfomsg, linkHeader } from './header.ts';
import type { Link } from './link.ts';

/** What tells whose a link is. */
export type LinkSummary = Pick<
  Link,
  | 'index'
  | 'flags'
  | 'name'
  | 'properties'
  | 'alias'
  | 'group'
  | 'kind'
  | 'mac'
  | 'mtu'
  | 'master'
  | 'parent'
  | 'linkNetnsId'
>;

const { name, properties, alias, group, mac, mtu, master, parent, linkNetnsId } = common;
const others = { others: 'left out' } as const;
const linkinfo = nested(attributes(() => ({ kind: [IFLA_INFO_KIND, cstring] }), others));
const summaryBody = body(
  ifinfomsg,
  attributes(
    () => ({
      name,
      properties,
      alias,
      group,
      mac,
      mtu,
      master,
      parent,
      linkNetnsId,
      linkinfo: [IFLA_LINKINFO, linkinfo],
    }),
    others,
  ),
);

/** All links, in a fraction of the time that `list` takes: that one reads fifty attributes of each, and its counters. */
export function summaries(): DumpRequest<LinkSummary> {
  return dumpOf({
    operation: 'list links',
    type: RTM_GETLINK,
    codec: linkBody,
    // The kernel leaves out the counters of address families only, which are a third of each message.
    value: { header: linkHeader({}), attributes: { extMask: RTEXT_FILTER_SKIP_STATS } },
    itemCodec: summaryBody,
    item({ header: { index, flags }, attributes: { linkinfo: info, ...read } }) {
      return { ...read, index, flags, ...(info?.kind === undefined ? {} : { kind: info.kind }) };
    },
  });
}
