import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { eachAttribute } from '../src/codec/attributes.ts';
import type { Codec } from '../src/codec/codec.ts';
import { decode, encode, inputOf } from '../src/codec/codec.ts';
import { type RawMessage, splitMessages } from '../src/message/message.ts';
import { chainBody } from '../src/nft/chain.ts';
import { elementsBody } from '../src/nft/element.ts';
import { objectBody } from '../src/nft/object/object.ts';
import { ruleBody } from '../src/nft/rule.ts';
import { setBody } from '../src/nft/set.ts';
import { tableBody } from '../src/nft/table.ts';
import { expectBytes } from '../src/testing/hexdump.ts';
import { NLA_F_NESTED, NLA_TYPE_MASK } from '../src/uapi/netlink.ts';
import {
  NFT_MSG_NEWCHAIN,
  NFT_MSG_NEWOBJ,
  NFT_MSG_NEWRULE,
  NFT_MSG_NEWSET,
  NFT_MSG_NEWSETELEM,
  NFT_MSG_NEWTABLE,
  NFTA_LIST_ELEM,
  NFTA_SET_ELEM_LIST_ELEMENTS,
} from '../src/uapi/nf-tables.ts';
import { NFNL_SUBSYS_NFTABLES } from '../src/uapi/nfnetlink.ts';

// What nft 1.0.6 sends for test/kernel/ruleset.nft; test/capture-nft.mjs makes it anew.
const golden = new Uint8Array(readFileSync(new URL('golden/nft-ruleset.bin', import.meta.url)));

const codecs: Readonly<Record<number, readonly [string, Codec<unknown>]>> = {
  [NFT_MSG_NEWTABLE]: ['table', tableBody],
  [NFT_MSG_NEWCHAIN]: ['chain', chainBody],
  [NFT_MSG_NEWRULE]: ['rule', ruleBody],
  [NFT_MSG_NEWSET]: ['set', setBody],
  [NFT_MSG_NEWSETELEM]: ['elements', elementsBody],
  [NFT_MSG_NEWOBJ]: ['object', objectBody],
};

/** Paths of attributes and expressions that are kept as bytes because no table has them. */
function unknownIn(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  const isRaw = 'name' in value && 'data' in value && value.data instanceof Uint8Array && path.includes('expressions');
  return Object.entries(value).flatMap(([key, member]) =>
    key === 'unknown' || (isRaw && key === 'data') ? [`${path}.${key}`] : unknownIn(member, `${path}.${key}`),
  );
}

const messages = splitMessages(inputOf(golden)).filter(({ type }) => type >> 8 === NFNL_SUBSYS_NFTABLES);

describe.each(Object.entries(codecs))('messages of nft(8), type %s', (type, [, codec]) => {
  const own = messages.filter((message) => (message.type & 0xff) === Number(type));
  const payloadOf = (message: RawMessage): Uint8Array => golden.subarray(message.start, message.end);

  test('are there', () => {
    expect(own.length).toBeGreaterThan(5);
  });

  test('are read whole: no attribute is unknown', () => {
    expect(own.flatMap((message) => unknownIn(decode(codec, payloadOf(message))))).toEqual([]);
  });

  test('are written as they were read, byte for byte', () => {
    for (const message of own) {
      const bytes = payloadOf(message);
      const value = decode(codec, bytes);
      if (endsTextEarly(bytes)) expect(decode(codec, encode(codec, value))).toEqual(value);
      else expectBytes(encode(codec, value), Number(type) === NFT_MSG_NEWSETELEM ? withListType(bytes) : bytes);
    }
  });
});

/** nft leaves out the NUL of a log prefix and of a helper's name; the kernel takes both. */
function endsTextEarly(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes).toString('latin1');
  return ['log\0', 'objref\0', 'ftp-std'].some((part) => text.includes(part));
}

/** nft counts elements in nla_type, which the kernel does not look at; the header says NFTA_LIST_ELEM. */
function withListType(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const input = inputOf(copy);
  eachAttribute(input, 4, copy.length, (type, start, end) => {
    if ((type & NLA_TYPE_MASK) !== NFTA_SET_ELEM_LIST_ELEMENTS) return;
    eachAttribute(input, start, end, (_type, from) => {
      input.view.setUint16(from - 2, NFTA_LIST_ELEM | NLA_F_NESTED, true);
    });
  });
  return copy;
}
