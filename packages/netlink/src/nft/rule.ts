import { attributes, type UnknownAttribute } from '../codec/attributes.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { array, nested } from '../codec/nested.ts';
import { be32, be64, bytes } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import {
  NFTA_LIST_ELEM,
  NFTA_RULE_CHAIN,
  NFTA_RULE_CHAIN_ID,
  NFTA_RULE_COMPAT,
  NFTA_RULE_COMPAT_FLAGS,
  NFTA_RULE_COMPAT_PROTO,
  NFTA_RULE_EXPRESSIONS,
  NFTA_RULE_HANDLE,
  NFTA_RULE_ID,
  NFTA_RULE_POSITION,
  NFTA_RULE_POSITION_ID,
  NFTA_RULE_TABLE,
  NFTA_RULE_USERDATA,
} from '../uapi/nf-tables.ts';
import { asAccepted } from './expression/accepted.ts';
import { type Expression, expressionCodec } from './expression/expression.ts';
import { type Family, familyOfHeader, nfgenmsg } from './header.ts';
import { decodeUserData, encodeUserData, type UserData } from './user-data.ts';

const ruleAttributes = attributes(() => ({
  table: [NFTA_RULE_TABLE, cstring],
  chain: [NFTA_RULE_CHAIN, cstring],
  chainId: [NFTA_RULE_CHAIN_ID, be32],
  handle: [NFTA_RULE_HANDLE, be64],
  /** In a dump, the handle of the rule before it. */
  position: [NFTA_RULE_POSITION, be64],
  positionId: [NFTA_RULE_POSITION_ID, be32],
  id: [NFTA_RULE_ID, be32],
  expressions: [NFTA_RULE_EXPRESSIONS, array(expressionCodec, { type: NFTA_LIST_ELEM })],
  compat: [
    NFTA_RULE_COMPAT,
    nested(attributes(() => ({ protocol: [NFTA_RULE_COMPAT_PROTO, be32], flags: [NFTA_RULE_COMPAT_FLAGS, be32] }))),
  ],
  userData: [NFTA_RULE_USERDATA, bytes],
}));
export type RuleAttributes = Infer<typeof ruleAttributes>;
export const ruleBody = body(nfgenmsg, ruleAttributes);

/** How a request names the chain of a rule. */
export interface RuleChain {
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
}

/** A rule of nftables. Its handle names it as long as it lives. */
export interface Rule extends RuleChain, UserData {
  readonly expressions: readonly Expression[];
  readonly handle?: bigint;
  /** Handle of the rule before it; absent for the first. */
  readonly position?: bigint;
  readonly unknown?: readonly UnknownAttribute[];
}

/** A rule to be made. */
export type RuleSpec = UserData & {
  readonly family: Family;
  readonly table: string;
  readonly expressions: readonly Expression[];
  /** A number within the transaction, by which another rule may be placed beside this one. */
  readonly id?: number;
  /** Of extensions of iptables (`match`, `target`): the protocol they are told. The kernel does not tell it again. */
  readonly compat?: { readonly protocol: number; readonly flags: number };
} & ({ readonly chain: string } | { readonly chainId: number });

/** Where a rule goes: beside the rule of that handle, or of that id in the same transaction. */
export type RulePosition = { readonly handle: bigint } | { readonly id: number };

export function ruleOf({ header, attributes: read }: Infer<typeof ruleBody>): Rule | undefined {
  const family = familyOfHeader(header);
  if (family === undefined) return undefined;
  const { table = '', chain = '', expressions = [], handle, position, unknown } = read;
  return {
    family,
    table,
    chain,
    expressions: expressions.map(asAccepted),
    ...decodeUserData(read.userData),
    ...(handle === undefined ? {} : { handle }),
    ...(position === undefined ? {} : { position }),
    ...(unknown === undefined ? {} : { unknown }),
  };
}

/** The attributes of a rule to be made, or to replace the one of `handle`. */
export function ruleAttributesOf(
  rule: RuleSpec,
  more: Pick<RuleAttributes, 'handle' | 'position' | 'positionId'>,
): RuleAttributes {
  const { table, expressions, id, compat } = rule;
  return {
    table,
    ...('chain' in rule ? { chain: rule.chain } : { chainId: rule.chainId }),
    ...more,
    ...(id === undefined ? {} : { id }),
    expressions,
    ...(compat === undefined ? {} : { compat }),
    ...encodeUserData(rule),
  };
}
