import { type RawMessage, readBody } from '../message/message.ts';
import {
  NFT_MSG_DELCHAIN,
  NFT_MSG_DELFLOWTABLE,
  NFT_MSG_DELOBJ,
  NFT_MSG_DELRULE,
  NFT_MSG_DELSET,
  NFT_MSG_DELSETELEM,
  NFT_MSG_DELTABLE,
  NFT_MSG_NEWCHAIN,
  NFT_MSG_NEWFLOWTABLE,
  NFT_MSG_NEWGEN,
  NFT_MSG_NEWOBJ,
  NFT_MSG_NEWRULE,
  NFT_MSG_NEWSET,
  NFT_MSG_NEWSETELEM,
  NFT_MSG_NEWTABLE,
  NFT_MSG_TRACE,
} from '../uapi/nf-tables.ts';
import { NFNL_SUBSYS_NFTABLES } from '../uapi/nfnetlink.ts';
import { type Chain, chainBody, chainOf } from './chain.ts';
import { elementsBody, type WireElement } from './element.ts';
import { type Flowtable, flowtableBody, flowtableOf } from './flowtable.ts';
import { type Generation, generationBody, generationOf } from './generation.ts';
import { type Family, familyOfHeader } from './header.ts';
import { type NftObject, objectBody, objectOf } from './object/object.ts';
import { type Rule, ruleBody, ruleOf } from './rule.ts';
import { type NftSet, setBody, setOf } from './set.ts';
import { type Table, tableBody, tableOf } from './table.ts';
import { type NftTrace, traceBody, traceOf } from './trace.ts';

/** Some elements of a set that came or went. `elements.of` turns them into text, with the set's shape. */
export interface ElementsNotified {
  readonly family: Family;
  readonly table: string;
  readonly set: string;
  readonly elements: readonly WireElement[];
}

type Notified =
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'chain'; readonly chain: Chain }
  | { readonly kind: 'rule'; readonly rule: Rule }
  | { readonly kind: 'set'; readonly set: NftSet }
  | { readonly kind: 'elements'; readonly elements: ElementsNotified }
  | { readonly kind: 'object'; readonly object: NftObject }
  | { readonly kind: 'flowtable'; readonly flowtable: Flowtable }
  /** Ends the notifications of one transaction. */
  | { readonly kind: 'generation'; readonly generation: Generation }
  /** Of the group NFNLGRP_NFTRACE. */
  | { readonly kind: 'trace'; readonly trace: NftTrace };

/** What a monitor of nftables tells. */
export type NftEvent = { readonly event: 'new' | 'delete' } & Notified;

type Decoder = (message: RawMessage) => Notified | undefined;

const decoders: Readonly<Record<number, readonly ['new' | 'delete', Decoder]>> = {
  [NFT_MSG_NEWTABLE]: ['new', table],
  [NFT_MSG_DELTABLE]: ['delete', table],
  [NFT_MSG_NEWCHAIN]: ['new', chain],
  [NFT_MSG_DELCHAIN]: ['delete', chain],
  [NFT_MSG_NEWRULE]: ['new', rule],
  [NFT_MSG_DELRULE]: ['delete', rule],
  [NFT_MSG_NEWSET]: ['new', set],
  [NFT_MSG_DELSET]: ['delete', set],
  [NFT_MSG_NEWSETELEM]: ['new', elements],
  [NFT_MSG_DELSETELEM]: ['delete', elements],
  [NFT_MSG_NEWOBJ]: ['new', object],
  [NFT_MSG_DELOBJ]: ['delete', object],
  [NFT_MSG_NEWFLOWTABLE]: ['new', flowtable],
  [NFT_MSG_DELFLOWTABLE]: ['delete', flowtable],
  [NFT_MSG_NEWGEN]: ['new', generation],
  [NFT_MSG_TRACE]: ['new', trace],
};

/** Decodes a notification; undefined for a type or family that has no table. @throws {MalformedError} */
export function decodeNftMessage(message: RawMessage): NftEvent | undefined {
  if (message.type >> 8 !== NFNL_SUBSYS_NFTABLES) return undefined;
  const decoder = decoders[message.type & 0xff];
  const notified = decoder?.[1](message);
  return decoder === undefined || notified === undefined ? undefined : { event: decoder[0], ...notified };
}

function table(message: RawMessage): Notified | undefined {
  const read = tableOf(readBody(tableBody, message));
  return read && { kind: 'table', table: read };
}

function chain(message: RawMessage): Notified | undefined {
  const read = chainOf(readBody(chainBody, message));
  return read && { kind: 'chain', chain: read };
}

function rule(message: RawMessage): Notified | undefined {
  const read = ruleOf(readBody(ruleBody, message));
  return read && { kind: 'rule', rule: read };
}

function set(message: RawMessage): Notified | undefined {
  const read = setOf(readBody(setBody, message));
  return read && { kind: 'set', set: read };
}

function elements(message: RawMessage): Notified | undefined {
  const { header, attributes: read } = readBody(elementsBody, message);
  const family = familyOfHeader(header);
  if (family === undefined) return undefined;
  const { table: inTable = '', set: ofSet = '', elements: list = [] } = read;
  return { kind: 'elements', elements: { family, table: inTable, set: ofSet, elements: list } };
}

function object(message: RawMessage): Notified | undefined {
  const read = objectOf(readBody(objectBody, message));
  return read && { kind: 'object', object: read };
}

function flowtable(message: RawMessage): Notified | undefined {
  const read = flowtableOf(readBody(flowtableBody, message));
  return read && { kind: 'flowtable', flowtable: read };
}

function trace(message: RawMessage): Notified | undefined {
  const read = traceOf(readBody(traceBody, message));
  return read && { kind: 'trace', trace: read };
}

function generation(message: RawMessage): Notified {
  return { kind: 'generation', generation: generationOf(readBody(generationBody, message)) };
}
