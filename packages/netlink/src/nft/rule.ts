import { attributes } from '../codec/attributes.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { array } from '../codec/nested.ts';
import { be64, bytes } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../message/request.ts';
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_REQUEST } from '../uapi/netlink.ts';
import {
  NFT_MSG_DELRULE,
  NFT_MSG_GETRULE,
  NFT_MSG_NEWRULE,
  NFTA_LIST_ELEM,
  NFTA_RULE_CHAIN,
  NFTA_RULE_EXPRESSIONS,
  NFTA_RULE_HANDLE,
  NFTA_RULE_POSITION,
  NFTA_RULE_TABLE,
  NFTA_RULE_USERDATA,
} from '../uapi/nf-tables.ts';
import { type Expression, expressionCodec } from './expression.ts';
import { type Family, familyHeader, familyOfHeader, messageType, nfgenmsg } from './header.ts';
import { decodeComment, encodeComment } from './user-data.ts';

const ruleAttributes = attributes({
  table: [NFTA_RULE_TABLE, cstring],
  chain: [NFTA_RULE_CHAIN, cstring],
  handle: [NFTA_RULE_HANDLE, be64],
  /** In a dump, the handle of the rule before it. */
  position: [NFTA_RULE_POSITION, be64],
  expressions: [NFTA_RULE_EXPRESSIONS, array(expressionCodec, { type: NFTA_LIST_ELEM })],
  userData: [NFTA_RULE_USERDATA, bytes],
});
export const ruleBody = body(nfgenmsg, ruleAttributes);

export interface RuleChain {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
}

/** A rule of nftables. Its handle names it as long as it lives. */
export interface Rule extends RuleChain {
  readonly expressions: readonly Expression[];
  /** Printed by nft. */
  readonly comment?: string;
  readonly handle?: bigint;
}

export type RuleSpec = RuleChain & Pick<Rule, 'expressions' | 'comment'>;

export function ruleOf({ header, attributes: read }: Infer<typeof ruleBody>): Rule | undefined {
  const family = familyOfHeader(header);
  if (family === undefined) return undefined;
  const comment = decodeComment(read.userData);
  return {
    family,
    table: read.table ?? '',
    chain: read.chain ?? '',
    expressions: read.expressions ?? [],
    ...(comment === undefined ? {} : { comment }),
    ...(read.handle === undefined ? {} : { handle: read.handle }),
  };
}

function add(verb: string, flags: number, rule: RuleSpec, position?: bigint): Request<void> {
  const { family, table, chain, expressions, comment } = rule;
  return requestOf({
    operation: `${verb} rule ${family} ${table} ${chain}${comment === undefined ? '' : ` (${comment})`}`,
    type: messageType(NFT_MSG_NEWRULE),
    flags: NLM_F_REQUEST | NLM_F_CREATE | flags,
    codec: ruleBody,
    value: {
      header: familyHeader(family),
      attributes: {
        table,
        chain,
        ...(position === undefined ? {} : { position }),
        expressions,
        ...(comment === undefined ? {} : { userData: encodeComment(comment) }),
      },
    },
  });
}

/** Only within a transaction. Behind the rule whose handle is `position`, else at the end of the chain. */
function append(rule: RuleSpec, position?: bigint): Request<void> {
  return add('append', NLM_F_APPEND, rule, position);
}

/** Only within a transaction. Before the rule whose handle is `position`, else at the head of the chain. */
function insert(rule: RuleSpec, position?: bigint): Request<void> {
  return add('insert', 0, rule, position);
}

/** Only within a transaction. */
function deleteRule(rule: RuleChain & { readonly handle: bigint }): Request<void> {
  const { family, table, chain, handle } = rule;
  return requestOf({
    operation: `delete rule ${family} ${table} ${chain} handle ${handle}`,
    type: messageType(NFT_MSG_DELRULE),
    flags: NLM_F_REQUEST,
    codec: ruleBody,
    value: { header: familyHeader(family), attributes: { table, chain, handle } },
  });
}

/** Only within a transaction. Deletes all rules of a chain, which may have none. */
function flush({ family, table, chain }: RuleChain): Request<void> {
  return requestOf({
    operation: `flush chain ${family} ${table} ${chain}`,
    type: messageType(NFT_MSG_DELRULE),
    flags: NLM_F_REQUEST,
    codec: ruleBody,
    value: { header: familyHeader(family), attributes: { table, chain } },
  });
}

/** Rules in their order, chain by chain: of all, of a table, or of a chain. */
function list(
  filter: { readonly family?: Family; readonly table?: string; readonly chain?: string } = {},
): DumpRequest<Rule> {
  const { family, table, chain } = filter;
  return dumpOf({
    operation: 'list rules',
    type: messageType(NFT_MSG_GETRULE),
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

/** Requests about rules of nftables. */
export const rules = { append, insert, delete: deleteRule, flush, list } as const;
