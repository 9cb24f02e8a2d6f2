import { attributes } from '../../codec/attributes.ts';
import { body } from '../../codec/body.ts';
import type { Infer } from '../../codec/codec.ts';
import { select } from '../../codec/select.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../../message/request.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../../uapi/netlink.ts';
import { RTM_DELTCLASS, RTM_GETTCLASS, RTM_NEWTCLASS, TCA_OPTIONS } from '../../uapi/rtnetlink.ts';
import { formatHandle, parentNumber, type TcParent } from './handle.ts';
import { classKinds } from './kinds.ts';
import { tcCommon, tcmsg } from './message.ts';

const classAttributes = attributes(() => ({
  ...tcCommon,
  options: [TCA_OPTIONS, select('kind', classKinds, { flagged: false })],
}));
export const classBody = body(tcmsg, classAttributes);
type Attributes = Infer<typeof classAttributes>;

/** A class of a qdisc: a share of what leaves a link. */
export type TrafficClass = Omit<Attributes, 'kind' | 'oldStatistics'> & {
  readonly kind: string;
  /** Of the link. */
  readonly index: number;
  readonly handle: number;
  /** Handle of the class above; TC_H_ROOT of one right below the qdisc. */
  readonly parent: number;
  /** Handle of the qdisc below it; absent when it has none of its own. */
  readonly leaf?: number;
};

/** A class to be made or changed. */
export type ClassSpec = (
  | {
      readonly [K in keyof typeof classKinds]: { readonly kind: K; readonly options: Infer<(typeof classKinds)[K]> };
    }[keyof typeof classKinds]
  | { readonly kind: string; readonly options: Uint8Array }
) & {
  readonly index: number;
  /** Handle of the qdisc or of the class above. */
  readonly parent: TcParent;
  readonly handle: number;
};

export function classOf({ header, attributes: read }: Infer<typeof classBody>): TrafficClass {
  const { kind = '', oldStatistics: _old, ...rest } = read;
  const { index, handle, parent, info } = header;
  return { ...rest, kind, index, handle, parent, ...(info === 0 ? {} : { leaf: info }) };
}

function change(verb: string, flags: number, spec: ClassSpec): Request<void> {
  const { index, kind, parent, handle, options } = spec;
  return requestOf({
    operation: `${verb} class ${kind} ${formatHandle(handle)} of link #${index}`,
    type: RTM_NEWTCLASS,
    flags,
    codec: classBody,
    value: {
      header: tcmsg.fill({ index, handle, parent: parentNumber(parent) }),
      attributes: { kind, options },
    },
  });
}

/** EEXIST when there is one of that handle; ENOENT without a qdisc above. */
function create(spec: ClassSpec): Request<void> {
  return change('create', NLM_F_CREATE | NLM_F_EXCL, spec);
}

/** Makes it, or changes the one of that handle. */
function replace(spec: ClassSpec): Request<void> {
  return change('replace', NLM_F_CREATE, spec);
}

/** ENOENT when there is none. */
function changeClass(spec: ClassSpec): Request<void> {
  return change('change', 0, spec);
}

/** EBUSY while it has classes below it or filters lead to it. */
function deleteClass(key: { readonly index: number; readonly handle: number }): Request<void> {
  const { index, handle } = key;
  return requestOf({
    operation: `delete class ${formatHandle(handle)} of link #${index}`,
    type: RTM_DELTCLASS,
    codec: classBody,
    value: { header: tcmsg.fill({ index, handle }), attributes: {} },
  });
}

/** Of one link; of one class above with `parent`. An empty list when there is no such link. */
function list(filter: { readonly index: number; readonly parent?: TcParent }): DumpRequest<TrafficClass> {
  const { index, parent } = filter;
  const above = parent === undefined ? undefined : parentNumber(parent);
  return dumpOf({
    operation: `list classes of link #${index}`,
    type: RTM_GETTCLASS,
    codec: classBody,
    value: { header: tcmsg.fill({ index }), attributes: {} },
    itemCodec: classBody,
    item(read) {
      const wanted = read.header.index === index && (above === undefined || read.header.parent === above);
      return wanted ? classOf(read) : undefined;
    },
  });
}

/** Requests about classes of qdiscs. */
export const classes = { create, replace, change: changeClass, delete: deleteClass, list } as const;
