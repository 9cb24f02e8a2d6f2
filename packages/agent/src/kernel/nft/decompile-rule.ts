import {
  dataTypes,
  type Expression,
  expressionData,
  NF_ACCEPT,
  NF_DROP,
  NFT_CMP_EQ,
  NFT_CMP_NEQ,
  NFT_JUMP,
  NFT_LOOKUP_F_INV,
  NFT_NAT_DNAT,
  NFT_REG_VERDICT,
  NFT_RETURN,
} from '@kcore/netlink';
import type { NftFamily, NftField, NftStatement } from '../../model/resource.ts';
import { compileRule } from './compile-rule.ts';
import { type Field, type LoadData, loadedField } from './field.ts';
import { normalForm } from './normal-form.ts';
import { formatPrefix, lengthOfMask } from './prefix.ts';
import { FIRST, PRESUMED, registerAt, registerBytes } from './register.ts';

/**
 * A rule's expressions in kcore's words. What kcore's rules do not say is `{ foreign }`, and then the whole rule is: it
 * will be written anew, and a part of a rule has no meaning. To be sure that nothing was overlooked, what was read is
 * compiled again and must give the same expressions.
 */
export function decompileRule(family: NftFamily, expressions: readonly Expression[]): readonly NftStatement[] {
  const statements = read(expressions);
  if (statements !== undefined && agrees(family, statements, expressions)) return statements;
  return [{ foreign: expressions.map(({ name }) => name).join(' ') || 'nothing' }];
}

function agrees(family: NftFamily, statements: readonly NftStatement[], expressions: readonly Expression[]): boolean {
  try {
    const again = compileRule(family, { statements });
    return again.map(normalForm).join('\n') === expressions.map(normalForm).join('\n');
  } catch (error) {
    // A value that kcore's language has no text for.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

interface Step {
  readonly statement?: NftStatement;
  /** How many expressions it took. */
  readonly length: number;
}

function read(expressions: readonly Expression[]): readonly NftStatement[] | undefined {
  const statements: NftStatement[] = [];
  for (let at = 0; at < expressions.length; ) {
    const step = readStep(expressions.slice(at));
    if (step === undefined) return undefined;
    if (step.statement !== undefined) statements.push(step.statement);
    at += step.length;
  }
  return statements;
}

function readStep(rest: readonly Expression[]): Step | undefined {
  const [first] = rest;
  if (first === undefined) return undefined;
  if (first.name === 'counter') return { statement: { counter: true }, length: 1 };
  if (first.name === 'masq') return { statement: { masquerade: true }, length: 1 };
  if (first.name === 'immediate') return readVerdict(first) ?? readNat(rest);
  if (loadData(first)?.destination === PRESUMED) return { length: 2 };
  return readLoads(rest);
}

function loadData(expression: Expression): LoadData | undefined {
  return (
    expressionData(expression, 'payload') ?? expressionData(expression, 'meta') ?? expressionData(expression, 'ct')
  );
}

const verdictNames = new Map<number, 'accept' | 'drop' | 'return'>([
  [NF_ACCEPT, 'accept'],
  [NF_DROP, 'drop'],
  [NFT_RETURN, 'return'],
]);

function readVerdict(expression: Expression): Step | undefined {
  const { destination, data } = expressionData(expression, 'immediate') ?? {};
  const { code = 0, chain } = data?.verdict ?? {};
  if (destination !== NFT_REG_VERDICT) return undefined;
  if (code === NFT_JUMP && chain !== undefined) return { statement: { jump: chain }, length: 1 };
  const verdict = verdictNames.get(code);
  return verdict === undefined ? undefined : { statement: { verdict }, length: 1 };
}

/** An address, for a destination perhaps a port, and the translation to them. */
function readNat(rest: readonly Expression[]): Step | undefined {
  const address = expressionData(rest[0], 'immediate')?.data?.value;
  if (address === undefined) return undefined;
  const text = dataTypes.ipv4_addr.format(address);
  const nat = expressionData(rest[1], 'nat');
  if (nat !== undefined) {
    return { statement: nat.type === NFT_NAT_DNAT ? { dnat: text } : { snat: text }, length: 2 };
  }
  const port = expressionData(rest[1], 'immediate')?.data?.value;
  if (port === undefined || expressionData(rest[2], 'nat')?.type !== NFT_NAT_DNAT) return undefined;
  return { statement: { dnat: text, port: Number(dataTypes.inet_service.format(port)) }, length: 3 };
}

interface Loaded {
  readonly field: Field;
  /** Bytes of the field that were loaded. */
  readonly length: number;
}

/** One field or several, one behind the other, and what is done with them. */
function readLoads(rest: readonly Expression[]): Step | undefined {
  const loads: Loaded[] = [];
  let offset = 0;
  for (const expression of rest) {
    const data = loadData(expression);
    if (data === undefined || data.destination !== registerAt(offset)) break;
    const field = loadedField(expression, data);
    if (field === undefined) return undefined;
    loads.push({ field, length: data.length ?? field.length });
    offset += registerBytes(field.length);
  }
  const [first] = loads;
  const after = rest.slice(loads.length);
  if (first === undefined) return undefined;
  const used = after[0]?.name === 'lookup' ? readLookup(loads, after) : readComparison(first, after);
  return used === undefined ? undefined : { ...used, length: used.length + loads.length };
}

function readLookup(loads: readonly Loaded[], after: readonly Expression[]): Step | undefined {
  const { set, source, destination, flags = 0 } = expressionData(after[0], 'lookup') ?? {};
  if (set === undefined || source !== FIRST) return undefined;
  const fields: readonly NftField[] = loads.map(({ field }) => field.name);
  if (destination === undefined) {
    const negate = (flags & NFT_LOOKUP_F_INV) !== 0;
    return { statement: { lookup: fields, set, ...(negate ? { negate } : {}) }, length: 1 };
  }
  if (destination === NFT_REG_VERDICT) return { statement: { vmap: fields, map: set }, length: 1 };
  if (expressionData(after[1], 'nat') === undefined) return undefined;
  return { statement: { dnatMap: fields, map: set }, length: 2 };
}

function readComparison({ field, length }: Loaded, after: readonly Expression[]): Step | undefined {
  const bitwise = expressionData(after[0], 'bitwise');
  const cmp = expressionData(after[bitwise === undefined ? 0 : 1], 'cmp');
  const value = cmp?.data?.value;
  if (cmp === undefined || value === undefined) return undefined;
  if (cmp.operator !== NFT_CMP_EQ && cmp.operator !== NFT_CMP_NEQ) return undefined;
  const op = cmp.operator === NFT_CMP_EQ ? '==' : '!=';
  if (bitwise === undefined) return { statement: plainMatch(field, length, op, value), length: 1 };
  const mask = bitwise.mask?.value;
  if (mask === undefined) return undefined;
  return { statement: maskedMatch(field, mask, op, value), length: 2 };
}

function plainMatch(field: Field, length: number, op: '==' | '!=', value: Uint8Array): NftStatement {
  const match = field.name;
  if (length < field.length) return { match, op, value: formatPrefix(field, { address: value, length: length * 8 }) };
  const wildcard = field.wildcard === true && value.length < field.length ? '*' : '';
  return { match, op, value: `${field.type.format(value)}${wildcard}` };
}

function maskedMatch(field: Field, mask: Uint8Array, op: '==' | '!=', value: Uint8Array): NftStatement {
  if (field.flags !== undefined) {
    return { match: field.name, op: op === '!=' ? 'in' : '!in', value: field.flags.format(mask) };
  }
  const length = field.prefix === true ? lengthOfMask(mask) : undefined;
  if (length !== undefined) return { match: field.name, op, value: formatPrefix(field, { address: value, length }) };
  return { mask: field.name, by: field.type.format(mask), op, value: field.type.format(value) };
}
