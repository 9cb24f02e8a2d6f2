import type { Infer } from '../codec/codec.ts';
import { type DumpRequest, dumpBy, type Request, requestOf } from '../message/request.ts';
import {
  FR_ACT_BLACKHOLE,
  FR_ACT_GOTO,
  FR_ACT_NOP,
  FR_ACT_PROHIBIT,
  FR_ACT_TO_TBL,
  FR_ACT_UNREACHABLE,
  FR_ACT_UNSPEC,
} from '../uapi/fib-rules.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../uapi/netlink.ts';
import { RT_TABLE_UNSPEC, RTM_DELRULE, RTM_GETRULE, RTM_NEWRULE } from '../uapi/rtnetlink.ts';
import { AF_INET, AF_INET6 } from '../uapi/socket.ts';
import { itemsOf, RULE_FAMILIES } from './family.ts';
import { formatPrefix, parsePrefix } from './prefix.ts';
import { ignored, refuse } from './refuse.ts';
import { type RuleFlags, type ruleAttributes, ruleBody, ruleHeader } from './rule-body.ts';

const actions = {
  table: FR_ACT_TO_TBL,
  goto: FR_ACT_GOTO,
  nop: FR_ACT_NOP,
  blackhole: FR_ACT_BLACKHOLE,
  unreachable: FR_ACT_UNREACHABLE,
  prohibit: FR_ACT_PROHIBIT,
} as const;
/** What a rule does with a packet that matches (FR_ACT_*). */
export type RuleAction = keyof typeof actions;

/** A rule of policy routing: which table is looked at for a packet. */
export type Rule = Omit<Infer<typeof ruleAttributes>, 'destination' | 'source' | 'table' | 'priority'> & {
  readonly family: number;
  readonly priority: number;
  readonly action?: RuleAction;
  readonly table: number;
  /** `10.0.0.0/24`; absent: any. */
  readonly from?: string;
  readonly to?: string;
  readonly tos: number;
  readonly flags: RuleFlags;
};

/** Without a family it is that of `from` or `to`, else IPv4. Without an action it is `table`, or `goto` where that is given. */
export type RuleSpec = Omit<Rule, 'family' | 'tos' | 'flags' | 'unknown' | 'table'> & {
  readonly family?: number;
  readonly table?: number;
  readonly tos?: number;
  readonly invert?: boolean;
};

const actionNames = new Map(Object.entries(actions).map(([name, number]) => [number as number, name as RuleAction]));

/** Both suppressions are told of every rule, with all bits set for none. */
const NOTHING_SUPPRESSED = 0xffff_ffff;

export function ruleOf({ header, attributes: read }: Infer<typeof ruleBody>): Rule {
  const { destination, source, table, priority, suppressPrefixLength, suppressLinkGroup, ...rest } = read;
  const { family, sourceLength, destinationLength, tos, flags } = header;
  const action = actionNames.get(header.action);
  return {
    ...rest,
    ...suppression('suppressPrefixLength', suppressPrefixLength),
    ...suppression('suppressLinkGroup', suppressLinkGroup),
    family,
    priority: priority ?? 0,
    ...(action === undefined ? {} : { action }),
    table: table ?? header.table,
    ...(sourceLength === 0 ? {} : { from: formatPrefix({ family, address: source, length: sourceLength }) }),
    ...(destinationLength === 0
      ? {}
      : { to: formatPrefix({ family, address: destination, length: destinationLength }) }),
    tos,
    flags,
  };
}

function suppression(name: 'suppressPrefixLength' | 'suppressLinkGroup', value: number | undefined): Partial<Rule> {
  return value === undefined || value === NOTHING_SUPPRESSED ? {} : { [name]: value };
}

/** A deletion that names no action is about rules of any: zero is none. */
function actionOf({ action, goto }: RuleSpec, deleting: boolean): number {
  if (action !== undefined) return actions[action];
  if (goto !== undefined) return FR_ACT_GOTO;
  return deleting ? FR_ACT_UNSPEC : FR_ACT_TO_TBL;
}

/** What the kernel takes in a request about a rule of IPv6, answers with success, and does not do (seen in Linux 6.18). */
const ignoredOfIpv6 = ignored({ realms: 'rules of IPv6 have none; leave it out' });

function change(verb: string, type: number, flags: number, spec: RuleSpec): Request<void> {
  const { family, table, from, to, action: _action, invert, tos, ...rest } = spec;
  const source = from === undefined ? undefined : parsePrefix(from);
  const destination = to === undefined ? undefined : parsePrefix(to);
  const ofFamily = family ?? source?.family ?? destination?.family ?? AF_INET;
  if (ofFamily === AF_INET6) refuse(ignoredOfIpv6, spec);
  return requestOf({
    operation: `${verb} rule ${spec.priority}${table === undefined ? '' : ` lookup ${table}`}`,
    type,
    flags,
    codec: ruleBody,
    value: {
      header: ruleHeader.fill({
        family: ofFamily,
        sourceLength: source?.length ?? 0,
        destinationLength: destination?.length ?? 0,
        ...(tos === undefined ? {} : { tos }),
        // Eight bits; a larger number goes by FRA_TABLE, which counts then.
        table: table === undefined || table > 255 ? RT_TABLE_UNSPEC : table,
        action: actionOf(spec, type === RTM_DELRULE),
        flags: invert === true ? { invert } : {},
      }),
      attributes: {
        ...(source === undefined ? {} : { source: source.address }),
        ...(destination === undefined ? {} : { destination: destination.address }),
        ...rest,
        ...(table === undefined || table <= 255 ? {} : { table }),
      },
    },
  });
}

/** EEXIST when there is one like it; two rules may share a priority. */
function create(spec: RuleSpec): Request<void> {
  return change('create', RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, spec);
}

/** Deletes the first rule that agrees in all that is given. ENOENT when there is none. */
function deleteRule(spec: RuleSpec): Request<void> {
  return change('delete', RTM_DELRULE, 0, spec);
}

/** Rules of IP, and of multicast routing (RTNL_FAMILY_IPMR). The kernel filters by the family only. */
function list(filter: { readonly family?: number; readonly protocol?: number } = {}): DumpRequest<Rule> {
  return dumpBy({
    operation: 'list rules',
    type: RTM_GETRULE,
    codec: ruleBody,
    value: { header: ruleHeader.fill(filter.family === undefined ? {} : { family: filter.family }), attributes: {} },
    decode: itemsOf(RULE_FAMILIES, ruleBody, (read) => {
      const { family = read.header.family, protocol = read.attributes.protocol } = filter;
      return read.header.family === family && read.attributes.protocol === protocol ? ruleOf(read) : undefined;
    }),
  });
}

/** Requests about the rules of policy routing. */
export const rules = { create, delete: deleteRule, list } as const;
