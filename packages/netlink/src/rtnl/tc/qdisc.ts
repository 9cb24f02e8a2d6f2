import { attributes } from '../../codec/attributes.ts';
import { body } from '../../codec/body.ts';
import type { Infer } from '../../codec/codec.ts';
import { flag } from '../../codec/scalar.ts';
import { select } from '../../codec/select.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../../message/request.ts';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../../uapi/netlink.ts';
import { RTM_DELQDISC, RTM_GETQDISC, RTM_NEWQDISC, TCA_DUMP_INVISIBLE, TCA_OPTIONS } from '../../uapi/rtnetlink.ts';
import { formatHandle, parentNumber, type TcParent, tcHandle } from './handle.ts';
import { qdiscKinds } from './kinds.ts';
import { tcCommon, tcmsg } from './message.ts';

const qdiscAttributes = attributes(() => ({
  ...tcCommon,
  // tc(8) sends it without NLA_F_NESTED, and that of a fifo is a bare struct.
  options: [TCA_OPTIONS, select('kind', qdiscKinds, { flagged: false })],
  invisible: [TCA_DUMP_INVISIBLE, flag],
}));
export const qdiscBody = body(tcmsg, qdiscAttributes);
type Attributes = Infer<typeof qdiscAttributes>;

/** A queueing discipline: what happens to packets that leave a link, or come in by it. */
export type Qdisc = Omit<Attributes, 'kind' | 'oldStatistics' | 'invisible'> & {
  readonly kind: string;
  /** Of the link. */
  readonly index: number;
  /** Major number × 65536, see `tcHandle`; 0 of one that nobody set. */
  readonly handle: number;
  /** TC_H_ROOT, TC_H_CLSACT, or the handle of a class. */
  readonly parent: number;
};

/** Options and data by kind; for another kind give bytes. */
export type QdiscOptions =
  | {
      readonly [K in keyof typeof qdiscKinds]: { readonly kind: K; readonly options?: Infer<(typeof qdiscKinds)[K]> };
    }[keyof typeof qdiscKinds]
  | { readonly kind: 'clsact' | 'ingress' }
  | { readonly kind: string; readonly options: Uint8Array };

/** A qdisc to be made or changed. */
export type QdiscSpec = QdiscOptions & {
  readonly index: number;
  /** `root` by default; `clsact` for the kinds clsact and ingress; else the handle of a class. */
  readonly parent?: TcParent;
  /** The kernel chooses one (from 8000:) when it is not given. */
  readonly handle?: number;
};

export function qdiscOf({ header, attributes: read }: Infer<typeof qdiscBody>): Qdisc {
  const { kind = '', oldStatistics: _old, invisible: _invisible, ...rest } = read;
  return { ...rest, kind, index: header.index, handle: header.handle, parent: header.parent };
}

function isClsact(kind: string): boolean {
  return kind === 'clsact' || kind === 'ingress';
}

function change(verb: string, flags: number, spec: QdiscSpec): Request<void> {
  const { index, kind, parent = isClsact(kind) ? 'clsact' : 'root', handle } = spec;
  const number = handle ?? (isClsact(kind) ? tcHandle(0xffff) : 0);
  return requestOf({
    operation: `${verb} qdisc ${kind} of link #${index}`,
    type: RTM_NEWQDISC,
    flags,
    codec: qdiscBody,
    value: {
      header: tcmsg.fill({ index, handle: number, parent: parentNumber(parent) }),
      attributes: { kind, ...('options' in spec && spec.options !== undefined ? { options: spec.options } : {}) },
    },
  });
}

/** EEXIST when there is one at that place already, except the one that the kernel puts there by itself. */
function create(spec: QdiscSpec): Request<void> {
  return change('create', NLM_F_CREATE | NLM_F_EXCL, spec);
}

/** Takes the place of the one that is there; one of the same kind and handle is changed and keeps its packets. */
function replace(spec: QdiscSpec): Request<void> {
  return change('replace', NLM_F_CREATE | NLM_F_REPLACE, spec);
}

/** Changes options of the one that is there. ENOENT when there is none, EINVAL for another kind. */
function changeQdisc(spec: QdiscSpec): Request<void> {
  return change('change', 0, spec);
}

/** With all classes and filters below it. ENOENT when there is none but the kernel's own. */
function deleteQdisc(key: {
  readonly index: number;
  readonly parent?: TcParent;
  readonly handle?: number;
}): Request<void> {
  const { index, parent = 'root', handle = 0 } = key;
  return requestOf({
    operation: `delete qdisc ${handle === 0 ? parent : formatHandle(handle)} of link #${index}`,
    type: RTM_DELQDISC,
    codec: qdiscBody,
    value: { header: tcmsg.fill({ index, handle, parent: parentNumber(parent) }), attributes: {} },
  });
}

/** Of all links or of one. `invisible` tells those as well that the kernel made by itself. */
function list(filter: { readonly index?: number; readonly invisible?: true } = {}): DumpRequest<Qdisc> {
  const { index, invisible } = filter;
  return dumpOf({
    operation: 'list qdiscs',
    type: RTM_GETQDISC,
    codec: qdiscBody,
    value: {
      header: tcmsg.fill(index === undefined ? {} : { index }),
      attributes: invisible === undefined ? {} : { invisible },
    },
    itemCodec: qdiscBody,
    item: (read) => (index === undefined || read.header.index === index ? qdiscOf(read) : undefined),
  });
}

/** Requests about queueing disciplines. Rates are bytes per second everywhere; see `bitsPerSecond`. */
export const qdiscs = { create, replace, change: changeQdisc, delete: deleteQdisc, list } as const;
