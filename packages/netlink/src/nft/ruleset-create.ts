import type { Request } from '../message/request.ts';
import { NLM_F_CREATE } from '../uapi/netlink.ts';
import { NFT_MSG_NEWSET, NFT_SET_POL_MEMORY } from '../uapi/nf-tables.ts';
import { chains } from './chain-requests.ts';
import { changeOf } from './change.ts';
import type { Data } from './data.ts';
import type { WireElement } from './element.ts';
import { elements } from './element-requests.ts';
import { type Expression, expressionData } from './expression/expression.ts';
import { flowtables } from './flowtable.ts';
import { objects } from './object/object-requests.ts';
import type { Rule } from './rule.ts';
import { rules } from './rule-requests.ts';
import type { Ruleset, SetContent } from './ruleset.ts';
import { type NftSet, setBody } from './set.ts';
import { descriptionOf, stateAttributesOf } from './set-requests.ts';
import { tables } from './table.ts';

/*
 * Sets of a single rule (anonymous) and chains of a single rule (bindings) have names that the kernel chose, and which
 * may be taken where the ruleset is written. They are written with a number in place of a name, and so is what
 * refers to them.
 */

/** Numbers of what has no name of its own, by `family table name`. */
interface Numbering {
  readonly sets: ReadonlyMap<string, number>;
  readonly chains: ReadonlyMap<string, number>;
}

/** `__set0` becomes `__set%d`, which the kernel makes a name of. */
function generated(name: string): string {
  return name.replace(/\d+$/, '%d');
}

interface Place {
  readonly family: string;
  readonly table: string;
}

function nameIn({ family, table }: Place, name: string): string {
  return `${family} ${table} ${name}`;
}

function number(ruleset: Ruleset): Numbering {
  const anonymous = ruleset.sets.filter(({ set }) => set.flags.anonymous === true);
  const bindings = ruleset.chains.filter(({ binding }) => binding === true);
  return {
    sets: new Map(anonymous.map(({ set }, index) => [nameIn(set, set.name), index + 1])),
    chains: new Map(bindings.map((chain, index) => [nameIn(chain, chain.name), index + 1])),
  };
}

function createSet(set: NftSet, id: number | undefined): Request<void> {
  const { family, table, name, flags, keyType, keyLength, dataType, dataLength, objectType } = set;
  const { timeout, gcInterval, policy, size, fields, userData, expressions } = set;
  const optional = { dataType, dataLength, objectType, timeout, gcInterval, userData };
  return changeOf(setBody, {
    operation: `create set ${family} ${table} ${name}`,
    family,
    message: NFT_MSG_NEWSET,
    flags: NLM_F_CREATE,
    attributes: {
      table,
      name: id === undefined ? name : generated(name),
      flags,
      keyType,
      keyLength,
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
      ...(policy === undefined ? {} : { policy: NFT_SET_POL_MEMORY }),
      ...descriptionOf(size, fields),
      id: id ?? 0,
      ...stateAttributesOf(expressions),
    },
  });
}

function renumberData(place: Place, data: Data, { chains: ids }: Numbering): Data {
  const { verdict } = data;
  const id = verdict?.chain === undefined ? undefined : ids.get(nameIn(place, verdict.chain));
  return id === undefined || verdict?.code === undefined ? data : { verdict: { code: verdict.code, chainId: id } };
}

function renumberElement(place: Place, element: WireElement, numbering: Numbering): WireElement {
  const { data } = element;
  return data === undefined ? element : { ...element, data: renumberData(place, data, numbering) };
}

function renumberExpression(place: Place, expression: Expression, numbering: Numbering): Expression {
  const immediate = expressionData(expression, 'immediate');
  if (immediate?.data !== undefined) {
    return { name: 'immediate', data: { ...immediate, data: renumberData(place, immediate.data, numbering) } };
  }
  const user = userOfSet(expression);
  if (user?.set === undefined) return expression;
  const id = numbering.sets.get(nameIn(place, user.set));
  if (id === undefined) return expression;
  return { name: expression.name, data: { ...user, set: generated(user.set), setId: id } } as Expression;
}

function userOfSet(expression: Expression): { readonly set?: string } | undefined {
  return (
    expressionData(expression, 'lookup') ?? expressionData(expression, 'dynset') ?? expressionData(expression, 'objref')
  );
}

function createRule(rule: Rule, numbering: Numbering): Request<void> {
  const { family, table, chain, comment, userData } = rule;
  const chainId = numbering.chains.get(nameIn(rule, chain));
  return rules.append({
    family,
    table,
    ...(chainId === undefined ? { chain } : { chainId }),
    expressions: rule.expressions.map((expression) => renumberExpression(rule, expression, numbering)),
    ...(comment === undefined ? {} : { comment }),
    ...(userData === undefined ? {} : { userData }),
  });
}

function chainsJumpedTo(rule: Rule, contents: ReadonlyMap<string, SetContent>): readonly string[] {
  return rule.expressions.flatMap((expression) => {
    const verdict = expressionData(expression, 'immediate')?.data?.verdict;
    if (verdict?.chain !== undefined) return [verdict.chain];
    const { set } = expressionData(expression, 'lookup') ?? {};
    const content = set === undefined ? undefined : contents.get(nameIn(rule, set));
    return (content?.elements ?? []).flatMap(({ data }) => data?.verdict?.chain ?? []);
  });
}

/** A chain of one rule is closed once that rule is made, so that its own rules come first. */
function inOrder(ruleset: Ruleset, numbering: Numbering): readonly Rule[] {
  const contents = new Map(ruleset.sets.map((content) => [nameIn(content.set, content.set.name), content]));
  const waiting = new Map<string, Rule[]>();
  const others: Rule[] = [];
  for (const rule of ruleset.rules) {
    const key = nameIn(rule, rule.chain);
    if (!numbering.chains.has(key)) others.push(rule);
    else waiting.set(key, [...(waiting.get(key) ?? []), rule]);
  }
  const ordered: Rule[] = [];
  const place = (rule: Rule): void => {
    for (const chain of chainsJumpedTo(rule, contents)) {
      const key = nameIn(rule, chain);
      const own = waiting.get(key) ?? [];
      waiting.delete(key);
      for (const inner of own) place(inner);
    }
    ordered.push(rule);
  };
  for (const rule of others) place(rule);
  return ordered;
}

/**
 * Only within a transaction. The requests that make a ruleset that was read, with the state of its counters, quotas and
 * elements. What is there already stays; `nft.tables.delete` or `flushRuleset` before them replaces it. Tables lose their
 * owner. The kernel does not tell what extensions of iptables (`match`, `target`) were made for, so that rules with
 * them may be refused (EINVAL).
 */
export function createRuleset(ruleset: Ruleset): readonly Request<void>[] {
  const numbering = number(ruleset);
  const idOf = (set: NftSet): number | undefined => numbering.sets.get(nameIn(set, set.name));
  return [
    ...ruleset.tables.map((table) =>
      tables.create({ ...table, flags: table.flags.dormant === true ? { dormant: true } : {} }),
    ),
    ...ruleset.chains.map((chain) => {
      const id = numbering.chains.get(nameIn(chain, chain.name));
      return id === undefined ? chains.create(chain) : chains.createBinding({ ...chain, id });
    }),
    ...ruleset.objects.map((object) => objects.create(object)),
    ...ruleset.flowtables.map((flowtable) => flowtables.create(flowtable)),
    ...ruleset.sets.map(({ set }) => createSet(set, idOf(set))),
    ...ruleset.sets.flatMap(({ set, elements: list }) => {
      const setId = idOf(set);
      const target = setId === undefined ? set : { ...set, name: generated(set.name), setId };
      return elements.addWire(
        target,
        list.map((element) => renumberElement(set, element, numbering)),
      );
    }),
    ...inOrder(ruleset, numbering).map((rule) => createRule(rule, numbering)),
  ];
}
