import type { Link, NftChain, Resource } from '../model/resource.ts';
import { chainBody, ruleText, setBody } from './nft-text.ts';

/** How what is there differs from what is wanted. */
export interface Difference {
  /** In words: `mtu 1500 → 1450, up no → yes`. */
  readonly reason: string;
  /** `replace`: the kernel cannot change it in place, so it is deleted and made again. */
  readonly action: 'update' | 'replace';
}

/** Absent when `have` is all that `want` declares: a field that `want` does not mention is nobody's business here. */
export function difference(want: Resource, have: Resource): Difference | undefined {
  const fields = fieldsOf(want, have);
  if (fields.length === 0) return undefined;
  return {
    reason: fields.map(({ text }) => text).join(', '),
    action: fields.some(({ action }) => action === 'replace') ? 'replace' : 'update',
  };
}

interface FieldDifference {
  readonly text: string;
  readonly action: Difference['action'];
}

/** Which fields of a kind are compared, and what a difference in them takes. Keys are not listed: they are equal. */
const LINK_FIELDS: Readonly<Record<string, Difference['action']>> = {
  type: 'replace',
  parent: 'replace',
  vlanId: 'replace',
  vni: 'replace',
  destinationPort: 'replace',
  local: 'update',
  learning: 'update',
  owner: 'replace',
  vnetHeader: 'replace',
  multiQueue: 'replace',
  alias: 'update',
  mac: 'update',
  mtu: 'update',
  up: 'update',
  master: 'update',
  stp: 'update',
  multicastSnooping: 'update',
  ipv6LinkLocal: 'update',
  forwarding: 'update',
  // `peer` is not compared: it lives in the guest's namespace, which the kernel does not show from here.
};

function fieldsOf(want: Resource, have: Resource): readonly FieldDifference[] {
  switch (want.kind) {
    case 'link':
      return have.kind === 'link' ? linkDifferences(want, have) : [];
    case 'neighbour':
      return compare(want, have, { mac: 'update' });
    case 'route':
      return compare(want, have, { type: 'update', via: 'update', link: 'update' }, ['via', 'link']);
    case 'nft-set':
      return have.kind === 'nft-set' && setBody(want) !== setBody(have)
        ? [{ text: `${setBody(have)}→ ${setBody(want)}`.trim(), action: 'replace' }]
        : [];
    case 'nft-element':
      return compare(want, have, { value: 'replace' }, ['value']);
    case 'nft-chain':
      return have.kind === 'nft-chain' ? chainDifferences(want, have) : [];
    case 'address':
    case 'fdb':
    case 'rule':
      return [];
    case 'nft-table':
      return compare(want, have, { dormant: 'update' }, ['dormant']);
  }
}

function linkDifferences(want: Link, have: Link): readonly FieldDifference[] {
  if (want.type === 'foreign' || have.type === 'foreign') {
    const { type: _type, ...settable } = LINK_FIELDS;
    return [...compare(want, have, settable), ...portDifferences(want, have)];
  }
  const missing = (want.altNames ?? []).filter((name) => have.altNames?.includes(name) !== true);
  return [
    ...compare(want, have, LINK_FIELDS),
    ...missing.map((name) => ({ text: `altname ${name} missing`, action: 'update' as const })),
    ...portDifferences(want, have),
  ];
}

function portDifferences(want: Link, have: Link): readonly FieldDifference[] {
  return compare(want.port ?? {}, have.port ?? {}, { learning: 'update', neighSuppress: 'update', hairpin: 'update' });
}

function chainDifferences(want: NftChain, have: NftChain): readonly FieldDifference[] {
  const { policy: wantPolicy, ...wantBase } = want.base ?? { policy: 'accept' };
  const { policy: havePolicy, ...haveBase } = have.base ?? { policy: 'accept' };
  const found: FieldDifference[] = [];
  if (!same(wantBase, haveBase)) {
    const [before, after] = [chainBody(have.base), chainBody(want.base)].map((text) => text.trim() || 'regular chain');
    found.push({ text: `${before} → ${after}`, action: 'replace' });
  }
  if (wantPolicy !== havePolicy) found.push({ text: `policy ${havePolicy} → ${wantPolicy}`, action: 'update' });
  const rules = rulesDifference(want, have);
  return rules === undefined ? found : [...found, { text: rules, action: 'update' }];
}

/** The first rule that differs stands for all: the chain is rewritten as a whole. */
function rulesDifference(want: NftChain, have: NftChain): string | undefined {
  for (const [index, wanted] of want.rules.entries()) {
    const there = have.rules[index];
    if (there === undefined) return `rule ${index + 1} missing: ${ruleText(wanted)}`;
    const { comment: _comment, ...uncommented } = there;
    const observed = ruleText(wanted.comment === undefined ? uncommented : there);
    if (observed !== ruleText(wanted)) return `rule ${index + 1}: ${observed} → ${ruleText(wanted)}`;
  }
  const extra = have.rules[want.rules.length];
  return extra === undefined ? undefined : `rule ${want.rules.length + 1} not kcore's: ${ruleText(extra)}`;
}

/** `exact`: fields whose absence in `want` means that there is to be none. */
function compare(
  want: object,
  have: object,
  fields: Readonly<Record<string, Difference['action']>>,
  exact: readonly string[] = [],
): readonly FieldDifference[] {
  const wanted = new Map<string, unknown>(Object.entries(want));
  const there = new Map<string, unknown>(Object.entries(have));
  return Object.entries(fields).flatMap(([field, action]) => {
    const [after, before] = [wanted.get(field), there.get(field)];
    if (after === undefined && !exact.includes(field)) return [];
    // No master is told as null, and by others by saying nothing.
    return same(after ?? null, before ?? null) ? [] : [{ text: `${field} ${word(before)} → ${word(after)}`, action }];
  });
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function word(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return Array.isArray(value) ? value.join(' . ') : String(value);
}
