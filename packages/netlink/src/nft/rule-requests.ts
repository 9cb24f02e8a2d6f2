import { type DumpRequest, dumpOf, type Request } from '../message/request.ts';
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_REPLACE } from '../uapi/netlink.ts';
import {
  NFT_MSG_DELRULE,
  NFT_MSG_DESTROYRULE,
  NFT_MSG_GETRULE,
  NFT_MSG_GETRULE_RESET,
  NFT_MSG_NEWRULE,
} from '../uapi/nf-tables.ts';
import { type Change, changeOf, echoOf, getOf } from './change.ts';
import { type Family, familyHeader, messageType } from './header.ts';
import {
  type Rule,
  type RuleAttributes,
  type RuleChain,
  type RulePosition,
  type RuleSpec,
  ruleAttributesOf,
  ruleBody,
  ruleOf,
} from './rule.ts';

/** `echo`: the result is the rule as the kernel has it, with its handle. */
export type RuleOptions = { readonly echo?: boolean };

/** `append(rule)` has no result; `append(rule, position, { echo: true })` has the rule with its handle. */
export interface Place {
  (rule: RuleSpec, position: bigint | RulePosition | undefined, options: { readonly echo: true }): Request<Rule>;
  (rule: RuleSpec, position?: bigint | RulePosition, options?: RuleOptions): Request<void>;
}

function operationOf(verb: string, rule: RuleSpec): string {
  const chain = 'chain' in rule ? rule.chain : `#${rule.chainId}`;
  return `${verb} rule ${rule.family} ${rule.table} ${chain}${rule.comment === undefined ? '' : ` (${rule.comment})`}`;
}

function positionOf(position: bigint | RulePosition | undefined): Pick<RuleAttributes, 'position' | 'positionId'> {
  if (position === undefined) return {};
  if (typeof position === 'bigint') return { position };
  return 'handle' in position ? { position: position.handle } : { positionId: position.id };
}

function ruleRequest(change: Change<RuleAttributes>, options: RuleOptions): Request<Rule> | Request<void> {
  return options.echo === true ? echoOf(ruleBody, change, ruleOf) : changeOf(ruleBody, change);
}

function place(verb: string, flags: number): Place {
  return ((rule: RuleSpec, position?: bigint | RulePosition, options: RuleOptions = {}) =>
    ruleRequest(
      {
        operation: operationOf(verb, rule),
        family: rule.family,
        message: NFT_MSG_NEWRULE,
        flags: NLM_F_CREATE | flags,
        attributes: ruleAttributesOf(rule, positionOf(position)),
      },
      options,
    )) as Place;
}

/**
 * Only within a transaction. Behind the rule of `position` (a handle, or an id in the same transaction), else at the end
 * of the chain. ENOENT when there is no such rule.
 */
const append = place('append', NLM_F_APPEND);

/** Only within a transaction. Before the rule of `position`, else at the head of the chain. */
const insert = place('insert', 0);

export interface Replace {
  (handle: bigint, rule: RuleSpec, options: { readonly echo: true }): Request<Rule>;
  (handle: bigint, rule: RuleSpec, options?: RuleOptions): Request<void>;
}

/** Only within a transaction. Puts the rule in the place of the one of that handle. The new one has a handle of its own. */
const replace = ((handle: bigint, rule: RuleSpec, options: RuleOptions = {}) =>
  ruleRequest(
    {
      operation: operationOf(`replace handle ${handle} by`, rule),
      family: rule.family,
      message: NFT_MSG_NEWRULE,
      flags: NLM_F_REPLACE,
      attributes: ruleAttributesOf(rule, { handle }),
    },
    options,
  )) as Replace;

/** By its handle, or by the id that the same transaction gave it. */
export type RuleSelector = RuleChain & RulePosition;

function removal(verb: string, message: number, rule: RuleSelector): Request<void> {
  const { family, table, chain } = rule;
  const which = 'handle' in rule ? { handle: rule.handle } : { id: rule.id };
  const operation = `${verb} rule ${family} ${table} ${chain} ${Object.entries(which).join(' ').replace(',', ' ')}`;
  return changeOf(ruleBody, { operation, family, message, attributes: { table, chain, ...which } });
}

/** Only within a transaction. ENOENT when there is none. */
function deleteRule(rule: RuleSelector): Request<void> {
  return removal('delete', NFT_MSG_DELRULE, rule);
}

/** Only within a transaction. As `delete`, but the absent is no error. Linux 6.3; EINVAL before. */
function destroy(rule: RuleSelector): Request<void> {
  return removal('destroy', NFT_MSG_DESTROYRULE, rule);
}

/** Only within a transaction. Deletes all rules of a chain, or of all chains of a table; there may be none. */
function flush({ family, table, chain }: Omit<RuleChain, 'chain'> & { readonly chain?: string }): Request<void> {
  return changeOf(ruleBody, {
    operation: `flush chain ${family} ${table}${chain === undefined ? '' : ` ${chain}`}`,
    family,
    message: NFT_MSG_DELRULE,
    attributes: { table, ...(chain === undefined ? {} : { chain }) },
  });
}

/** One rule. ENOENT when there is none. */
function get({ family, table, chain, handle }: RuleChain & { readonly handle: bigint }): Request<Rule> {
  const operation = `get rule ${family} ${table} ${chain} handle ${handle}`;
  const query = { operation, family, message: NFT_MSG_GETRULE, attributes: { table, chain, handle } };
  return getOf(ruleBody, query, ruleOf);
}

/** Which rules. */
export interface RuleFilter {
  readonly family?: Family;
  readonly table?: string;
  readonly chain?: string;
}

function dump(operation: string, message: number, filter: RuleFilter): DumpRequest<Rule> {
  const { family, table, chain } = filter;
  return dumpOf({
    operation,
    type: messageType(message),
    codec: ruleBody,
    value: {
      header: familyHeader(family),
      attributes: { ...(table === undefined ? {} : { table }), ...(chain === undefined ? {} : { chain }) },
    },
    itemCodec: ruleBody,
    item(read) {
      const rule = ruleOf(read);
      return rule?.table === (table ?? rule?.table) && rule?.chain === (chain ?? rule?.chain) ? rule : undefined;
    },
  });
}

/** Rules in their order, chain by chain: of all, of a table, or of a chain. */
function list(filter: RuleFilter = {}): DumpRequest<Rule> {
  return dump('list rules', NFT_MSG_GETRULE, filter);
}

/** As `list`, and counters and quotas in the rules begin anew. What was told is what they had. Linux 6.2. */
function reset(filter: RuleFilter = {}): DumpRequest<Rule> {
  return dump('reset rules', NFT_MSG_GETRULE_RESET, filter);
}

/** Requests about rules of nftables. */
export const rules = { append, insert, replace, delete: deleteRule, destroy, flush, get, list, reset } as const;
