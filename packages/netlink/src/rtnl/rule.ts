import { ip } from '../codec/address.ts';
import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { u8, u16, u32 } from '../codec/scalar.ts';
import { pad, struct } from '../codec/struct.ts';
import { cstring } from '../codec/text.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../message/request.ts';
import {
  FIB_RULE_IIF_DETACHED,
  FIB_RULE_INVERT,
  FIB_RULE_OIF_DETACHED,
  FIB_RULE_PERMANENT,
  FR_ACT_BLACKHOLE,
  FR_ACT_GOTO,
  FR_ACT_NOP,
  FR_ACT_PROHIBIT,
  FR_ACT_TO_TBL,
  FR_ACT_UNREACHABLE,
  FRA_DPORT_RANGE,
  FRA_DST,
  FRA_FWMARK,
  FRA_FWMASK,
  FRA_GOTO,
  FRA_IIFNAME,
  FRA_IP_PROTO,
  FRA_L3MDEV,
  FRA_OIFNAME,
  FRA_PRIORITY,
  FRA_PROTOCOL,
  FRA_SPORT_RANGE,
  FRA_SRC,
  FRA_SUPPRESS_PREFIXLEN,
  FRA_TABLE,
} from '../uapi/fib-rules.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../uapi/netlink.ts';
import { RT_TABLE_COMPAT, RTM_DELRULE, RTM_GETRULE, RTM_NEWRULE } from '../uapi/rtnetlink.ts';
import { AF_INET } from '../uapi/socket.ts';
import { formatPrefix, parsePrefix } from './prefix.ts';

const ruleFlags = bits(u32, {
  permanent: FIB_RULE_PERMANENT,
  invert: FIB_RULE_INVERT,
  /** The link it names does not exist now. */
  incomingDetached: FIB_RULE_IIF_DETACHED,
  outgoingDetached: FIB_RULE_OIF_DETACHED,
});

/** `struct fib_rule_hdr`. Source: include/uapi/linux/fib_rules.h. */
const ruleHeader = struct({
  family: u8,
  destinationLength: u8,
  sourceLength: u8,
  tos: u8,
  table: u8,
  reserved: pad(2),
  action: u8,
  flags: ruleFlags,
});

const portRange = struct({ first: u16, last: u16 });

const ruleAttributes = attributes({
  destination: [FRA_DST, ip],
  source: [FRA_SRC, ip],
  /** Name of a link; it need not exist. */
  incomingLink: [FRA_IIFNAME, cstring],
  outgoingLink: [FRA_OIFNAME, cstring],
  goto: [FRA_GOTO, u32],
  /** Smaller is looked at first. */
  priority: [FRA_PRIORITY, u32],
  mark: [FRA_FWMARK, u32],
  markMask: [FRA_FWMASK, u32],
  suppressPrefixLength: [FRA_SUPPRESS_PREFIXLEN, u32],
  table: [FRA_TABLE, u32],
  /** RTPROT_*: who made it. */
  protocol: [FRA_PROTOCOL, u8],
  l3Master: [FRA_L3MDEV, u8],
  ipProtocol: [FRA_IP_PROTO, u8],
  sourcePorts: [FRA_SPORT_RANGE, portRange],
  destinationPorts: [FRA_DPORT_RANGE, portRange],
});
export const ruleBody = body(ruleHeader, ruleAttributes);

const actions = {
  table: FR_ACT_TO_TBL,
  goto: FR_ACT_GOTO,
  nop: FR_ACT_NOP,
  blackhole: FR_ACT_BLACKHOLE,
  unreachable: FR_ACT_UNREACHABLE,
  prohibit: FR_ACT_PROHIBIT,
} as const;
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
  readonly flags: Infer<typeof ruleFlags>;
};

/** Without a family it is that of `from` or `to`, else IPv4. */
export type RuleSpec = Omit<Rule, 'family' | 'tos' | 'flags' | 'unknown' | 'table'> & {
  readonly family?: number;
  readonly table?: number;
  readonly invert?: boolean;
};

const actionNames = new Map(Object.entries(actions).map(([name, number]) => [number as number, name as RuleAction]));

export function ruleOf({ header, attributes: read }: Infer<typeof ruleBody>): Rule {
  const { destination, source, table, priority, ...rest } = read;
  const { family, sourceLength, destinationLength, tos, flags } = header;
  const action = actionNames.get(header.action);
  return {
    ...rest,
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

function change(verb: string, type: number, flags: number, spec: RuleSpec): Request<void> {
  const { family, table, from, to, action = 'table', invert, ...rest } = spec;
  const source = from === undefined ? undefined : parsePrefix(from);
  const destination = to === undefined ? undefined : parsePrefix(to);
  return requestOf({
    operation: `${verb} rule ${spec.priority}${table === undefined ? '' : ` lookup ${table}`}`,
    type,
    flags,
    codec: ruleBody,
    value: {
      header: ruleHeader.fill({
        family: family ?? source?.family ?? destination?.family ?? AF_INET,
        sourceLength: source?.length ?? 0,
        destinationLength: destination?.length ?? 0,
        table: table === undefined ? 0 : table > 255 ? RT_TABLE_COMPAT : table,
        action: actions[action],
        flags: invert === true ? { invert } : {},
      }),
      attributes: {
        ...(source === undefined ? {} : { source: source.address }),
        ...(destination === undefined ? {} : { destination: destination.address }),
        ...rest,
        ...(table === undefined ? {} : { table }),
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

function list(filter: { readonly family?: number; readonly protocol?: number } = {}): DumpRequest<Rule> {
  return dumpOf({
    operation: 'list rules',
    type: RTM_GETRULE,
    codec: ruleBody,
    value: { header: ruleHeader.fill(filter.family === undefined ? {} : { family: filter.family }), attributes: {} },
    itemCodec: ruleBody,
    item(read) {
      const { family = read.header.family, protocol = read.attributes.protocol } = filter;
      return read.header.family === family && read.attributes.protocol === protocol ? ruleOf(read) : undefined;
    },
  });
}

/** Requests about the rules of policy routing. */
export const rules = { create, delete: deleteRule, list } as const;
