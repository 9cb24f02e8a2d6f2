import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { s32, u16, u32 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import {
  TCA_EGRESS_MIRROR,
  TCA_EGRESS_REDIR,
  TCA_GACT_PARMS,
  TCA_GACT_PROB,
  TCA_GACT_TM,
  TCA_INGRESS_MIRROR,
  TCA_INGRESS_REDIR,
  TCA_MIRRED_BLOCKID,
  TCA_MIRRED_PARMS,
  TCA_MIRRED_TM,
} from '../../uapi/tc-act.ts';
import { choice, mapped } from '../mapped.ts';
import { type ActionState, actionTimes, type Verdict, verdict } from './verdict.ts';

/** `tc_gen`, with which each action but police begins. Source: include/uapi/linux/pkt_cls.h. */
const general = { index: u32, capabilities: u32, verdict, references: s32, bindings: s32 } as const;
const gactParameters = struct(general);

const gactTable = attributes(() => ({
  times: [TCA_GACT_TM, actionTimes],
  parameters: [TCA_GACT_PARMS, gactParameters],
  probability: [TCA_GACT_PROB, struct({ kind: u16, value: u16, verdict })],
}));
type GactWire = Infer<typeof gactTable>;

/** An action that is nothing but a verdict. */
export interface Gact extends ActionState {
  readonly verdict: Verdict;
  /** Now and then another verdict: kind 1 at random, kind 2 each `value`th packet. */
  readonly probability?: NonNullable<GactWire['probability']>;
  readonly unknown?: NonNullable<GactWire['unknown']>;
}

/** The state that `parameters` tell; what is zero in a request is left out. */
function stateOf(told: {
  readonly index: number;
  readonly references: number;
  readonly bindings: number;
}): ActionState {
  const { index, references, bindings } = told;
  return {
    ...(index === 0 ? {} : { index }),
    ...(references === 0 ? {} : { references }),
    ...(bindings === 0 ? {} : { bindings }),
  };
}

export const gact = mapped(
  gactTable,
  ({ verdict: wanted, index = 0, references = 0, bindings = 0, ...rest }: Gact): GactWire => ({
    parameters: { index, capabilities: 0, verdict: wanted, references, bindings },
    ...rest,
  }),
  ({ parameters = gactParameters.fill({}), ...rest }): Gact => ({
    verdict: parameters.verdict,
    ...stateOf(parameters),
    ...rest,
  }),
);

const direction = choice(s32, {
  egressRedirect: TCA_EGRESS_REDIR,
  egressMirror: TCA_EGRESS_MIRROR,
  ingressRedirect: TCA_INGRESS_REDIR,
  ingressMirror: TCA_INGRESS_MIRROR,
});
const mirredParameters = struct({ ...general, direction, link: u32 });

const mirredTable = attributes(() => ({
  times: [TCA_MIRRED_TM, actionTimes],
  parameters: [TCA_MIRRED_PARMS, mirredParameters],
  /** A block of links in the place of one; kernels since 6.8. */
  block: [TCA_MIRRED_BLOCKID, u32],
}));
type MirredWire = Infer<typeof mirredTable>;

/** Sends the packet (redirect), or a copy of it (mirror), out of or into another link. */
export interface Mirred extends ActionState {
  readonly direction: Infer<typeof direction>;
  /** Index of the link. */
  readonly link: number;
  /** `stolen` of a redirect and `pipe` of a mirror by default. */
  readonly verdict?: Verdict;
  readonly block?: number;
  readonly unknown?: NonNullable<MirredWire['unknown']>;
}

function defaultVerdict({ direction: way }: Mirred): Verdict {
  return way === 'egressRedirect' || way === 'ingressRedirect' ? 'stolen' : 'pipe';
}

export const mirred = mapped(
  mirredTable,
  (value: Mirred): MirredWire => {
    const { direction: way, link, verdict: wanted, index = 0, references = 0, bindings = 0, ...rest } = value;
    const chosen = wanted ?? defaultVerdict(value);
    return {
      parameters: { index, capabilities: 0, verdict: chosen, references, bindings, direction: way, link },
      ...rest,
    };
  },
  ({ parameters = mirredParameters.fill({}), ...rest }): Mirred => ({
    direction: parameters.direction,
    link: parameters.link,
    verdict: parameters.verdict,
    ...stateOf(parameters),
    ...rest,
  }),
);
