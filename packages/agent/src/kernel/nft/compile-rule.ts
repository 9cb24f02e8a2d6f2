import {
  dataTypes,
  type Expression,
  NF_ACCEPT,
  NF_DROP,
  NFPROTO_IPV4,
  NFT_CMP_EQ,
  NFT_CMP_NEQ,
  NFT_JUMP,
  NFT_LOOKUP_F_INV,
  NFT_NAT_DNAT,
  NFT_NAT_SNAT,
  NFT_REG_VERDICT,
  NFT_RETURN,
} from '@kcore/netlink';
import type { NftFamily, NftField, NftRule, NftStatement } from '../../model/resource.ts';
import { type Field, fieldOf, loadField } from './field.ts';
import { isWholeBytes, lengthOfMask, parsePrefix, prefixMask } from './prefix.ts';
import { FIRST, PRESUMED, registerAt, registerBytes } from './register.ts';

type Match = Extract<NftStatement, { match: NftField }>;
type Mask = Extract<NftStatement, { mask: NftField }>;

/**
 * Rules in kcore's words become the kernel's expressions: the same that nft(8) writes, but for one thing. What a field
 * presumes in the bridge family (`ip saddr` needs an IPv4 packet) is compared in a register of its own, so that
 * reading a rule back tells it from a comparison that the rule itself states.
 * @throws {RangeError} A value that is none of its field, a field that the family does not have, a foreign statement.
 */
export function compileRule(family: NftFamily, rule: NftRule): readonly Expression[] {
  const known = new Set<string>();
  return rule.statements.flatMap((statement) => {
    const presumed = fieldsOf(statement).flatMap((field) => presumptions(family, field, known));
    note(statement, known);
    return [...presumed, ...compileStatement(statement)];
  });
}

function fieldsOf(statement: NftStatement): readonly Field[] {
  if ('match' in statement) return [fieldOf(statement.match)];
  if ('mask' in statement) return [fieldOf(statement.mask)];
  if ('lookup' in statement) return statement.lookup.map(fieldOf);
  if ('vmap' in statement) return statement.vmap.map(fieldOf);
  if ('dnatMap' in statement) return statement.dnatMap.map(fieldOf);
  return [];
}

/** In the ip family every packet is IPv4 and its frame is out of sight. */
function checkFamily(family: NftFamily, { name, network }: Field): void {
  if (family === 'bridge') return;
  if (name.startsWith('ether ') || (network !== undefined && network !== 'ip'))
    throw new RangeError(`the field '${name}' is not to be had in the family ip; use the family bridge`);
}

function presumptions(family: NftFamily, field: Field, known: Set<string>): readonly Expression[] {
  checkFamily(family, field);
  const { network, transport } = field;
  if (family === 'ip') return [];
  return [
    ...(network === undefined ? [] : presume('meta protocol', network, known)),
    ...(transport === undefined ? [] : presume('meta l4proto', transport, known)),
  ];
}

function presume(name: NftField, value: string, known: Set<string>): readonly Expression[] {
  const fact = `${name} ${value}`;
  if (known.has(fact)) return [];
  known.add(fact);
  const field = fieldOf(name);
  return [loadField(field, PRESUMED), compare(PRESUMED, NFT_CMP_EQ, field.type.parse(value))];
}

/** What a rule states itself need not be presumed. The type in a frame is the packet's, unless it says that it has a tag. */
function note(statement: NftStatement, known: Set<string>): void {
  if (!('match' in statement) || statement.op !== '==') return;
  const { match, value } = statement;
  if (match === 'meta protocol' || match === 'meta l4proto') known.add(`${match} ${value}`);
  if (match === 'ether type') known.add(`meta protocol ${value}`);
}

function compileStatement(statement: NftStatement): readonly Expression[] {
  if ('match' in statement) return compileMatch(statement);
  if ('mask' in statement) return compileMask(statement);
  if ('lookup' in statement) {
    const flags = statement.negate === true ? NFT_LOOKUP_F_INV : 0;
    const lookup: Expression = { name: 'lookup', data: { set: statement.set, source: FIRST, flags } };
    return [...loadKey(statement.lookup), lookup];
  }
  if ('vmap' in statement) return [...loadKey(statement.vmap), lookupInto(statement.map, NFT_REG_VERDICT)];
  if ('dnatMap' in statement) {
    return [...loadKey(statement.dnatMap), lookupInto(statement.map, FIRST), nat(NFT_NAT_DNAT, registerAt(4))];
  }
  if ('counter' in statement) return [{ name: 'counter', data: { bytes: 0n, packets: 0n } }];
  if ('verdict' in statement) return [verdict(verdicts[statement.verdict])];
  if ('jump' in statement) return [verdict(NFT_JUMP, statement.jump)];
  if ('masquerade' in statement) return [{ name: 'masq', data: {} }];
  if ('snat' in statement) return [immediate(FIRST, dataTypes.ipv4_addr.parse(statement.snat)), nat(NFT_NAT_SNAT)];
  if ('dnat' in statement) return compileDnat(statement);
  throw new RangeError(`a statement that kcore did not write cannot be written: ${statement.foreign}`);
}

const verdicts = { accept: NF_ACCEPT, drop: NF_DROP, return: NFT_RETURN } as const;

function compare(register: number, operator: number, value: Uint8Array): Expression {
  return { name: 'cmp', data: { source: register, operator, data: { value } } };
}

function immediate(register: number, value: Uint8Array): Expression {
  return { name: 'immediate', data: { destination: register, data: { value } } };
}

function verdict(code: number, chain?: string): Expression {
  const data = { verdict: { code, ...(chain === undefined ? {} : { chain }) } };
  return { name: 'immediate', data: { destination: NFT_REG_VERDICT, data } };
}

function nat(type: number, port?: number): Expression {
  const ports = port === undefined ? {} : { portMin: port };
  return { name: 'nat', data: { type, family: NFPROTO_IPV4, addressMin: FIRST, ...ports } };
}

function lookupInto(set: string, destination: number): Expression {
  return { name: 'lookup', data: { set, source: FIRST, destination, flags: 0 } };
}

function masked(mask: Uint8Array): Expression {
  const xor = { value: new Uint8Array(mask.length) };
  const registers = { source: FIRST, destination: FIRST, length: mask.length, operator: 0 };
  return { name: 'bitwise', data: { ...registers, mask: { value: mask }, xor } };
}

/** The parts of a concatenation, one behind the other, each padded to whole registers. */
function loadKey(names: readonly NftField[]): readonly Expression[] {
  let offset = 0;
  return names.map((name) => {
    const field = fieldOf(name);
    const load = loadField(field, registerAt(offset));
    offset += registerBytes(field.length);
    return load;
  });
}

function compileMatch({ match, op, value }: Match): readonly Expression[] {
  const field = fieldOf(match);
  if (op === 'in' || op === '!in') return compileFlags(field, op, value);
  const operator = op === '==' ? NFT_CMP_EQ : NFT_CMP_NEQ;
  const prefix = parsePrefix(field, value);
  if (prefix !== undefined) {
    const { address, length } = prefix;
    if (isWholeBytes(prefix)) {
      const bytes = address.subarray(0, length / 8);
      return [loadField(field, FIRST, bytes.length), compare(FIRST, operator, bytes)];
    }
    return [loadField(field, FIRST), masked(prefixMask(length, address.length)), compare(FIRST, operator, address)];
  }
  return [loadField(field, FIRST), compare(FIRST, operator, valueBytes(field, value))];
}

/** The bytes of `eth*` are compared without the NUL that would end the name. */
function valueBytes(field: Field, value: string): Uint8Array {
  if (field.wildcard !== true || !value.endsWith('*')) return field.type.parse(value);
  const name = value.slice(0, -1);
  return field.type.parse(name).subarray(0, Buffer.byteLength(name));
}

/** Any of the flags is set, or none is. */
function compileFlags(field: Field, op: 'in' | '!in', value: string): readonly Expression[] {
  if (field.flags === undefined)
    throw new RangeError(`'${op}' is for fields that are flags; compare '${field.name}' with == or !=, prefixes too`);
  const operator = op === 'in' ? NFT_CMP_NEQ : NFT_CMP_EQ;
  return [loadField(field, FIRST), masked(field.flags.parse(value)), compare(FIRST, operator, new Uint8Array(4))];
}

/** @throws {RangeError} A mask that says the same as another statement: one meaning has one text. */
function compileMask({ mask, by, op, value }: Mask): readonly Expression[] {
  const field = fieldOf(mask);
  const bits = field.type.parse(by);
  if (field.flags !== undefined) throw new RangeError(`flags of '${mask}' are matched with 'in', not with a mask`);
  if (field.prefix === true && lengthOfMask(bits) !== undefined)
    throw new RangeError(`the mask ${by} of '${mask}' is a prefix; match ${value}/${lengthOfMask(bits)}`);
  const operator = op === '==' ? NFT_CMP_EQ : NFT_CMP_NEQ;
  return [loadField(field, FIRST), masked(bits), compare(FIRST, operator, field.type.parse(value))];
}

function compileDnat({ dnat, port }: { readonly dnat: string; readonly port?: number }): readonly Expression[] {
  const address = immediate(FIRST, dataTypes.ipv4_addr.parse(dnat));
  if (port === undefined) return [address, nat(NFT_NAT_DNAT)];
  const second = registerAt(16);
  return [address, immediate(second, dataTypes.inet_service.parse(String(port))), nat(NFT_NAT_DNAT, second)];
}
