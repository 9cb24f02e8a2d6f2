import { test } from 'vitest';
import {
  conntrack,
  encodeValue,
  NFT_CMP_EQ,
  NFT_META_IIFNAME,
  NFT_REG_1,
  NFT_REG_VERDICT,
  nft,
} from '../../src/index.ts';
import { expectReads, type Row } from './pyroute2-reads.ts';

const table = { family: 'ip', table: 't' } as const;
const set = { ...table, name: 's', key: ['ipv4_addr'], interval: true } as const;
const map = { ...table, name: 'm', key: ['ipv4_addr'], data: 'verdict' } as const;
const eth0 = { value: encodeValue(['ifname'], ['eth0']) };
const IPV4 = 2;

const rows: readonly Row[] = [
  {
    title: 'a table',
    reader: 'nfnetlink.nftsocket.nft_table_msg',
    request: nft.tables.create({ family: 'ip', name: 't', flags: { dormant: true } }),
    header: { nfgen_family: IPV4, version: 0, res_id: 0 },
    attributes: { NFTA_TABLE_NAME: 't', NFTA_TABLE_FLAGS: 1 },
  },
  {
    title: 'a base chain',
    reader: 'nfnetlink.nftsocket.nft_chain_msg',
    request: nft.chains.create({
      ...table,
      name: 'c',
      base: { type: 'filter', hook: 'forward', priority: -5, policy: 'drop' },
    }),
    header: { nfgen_family: IPV4 },
    attributes: {
      NFTA_CHAIN_TABLE: 't',
      NFTA_CHAIN_NAME: 'c',
      NFTA_CHAIN_HOOK: { NFTA_HOOK_HOOKNUM: 2, NFTA_HOOK_PRIORITY: -5 },
      NFTA_CHAIN_POLICY: 0,
      NFTA_CHAIN_TYPE: 'filter',
    },
  },
  {
    title: 'a rule',
    reader: 'nfnetlink.nftsocket.nft_rule_msg',
    request: nft.rules.append({
      ...table,
      chain: 'c',
      expressions: [
        { name: 'meta', data: { key: NFT_META_IIFNAME, destination: NFT_REG_1 } },
        { name: 'cmp', data: { source: NFT_REG_1, operator: NFT_CMP_EQ, data: eth0 } },
        { name: 'counter', data: { bytes: 7n, packets: 2n } },
        { name: 'immediate', data: { destination: NFT_REG_VERDICT, data: { verdict: { code: -3, chain: 'd' } } } },
      ],
    }),
    header: { nfgen_family: IPV4 },
    attributes: {
      NFTA_RULE_TABLE: 't',
      NFTA_RULE_CHAIN: 'c',
      NFTA_RULE_EXPRESSIONS: [
        {
          NFTA_EXPR_NAME: 'meta',
          NFTA_EXPR_DATA: { NFTA_META_KEY: 'NFT_META_IIFNAME', NFTA_META_DREG: 'NFT_REG_1' },
        },
        {
          NFTA_EXPR_NAME: 'cmp',
          NFTA_EXPR_DATA: { NFTA_CMP_SREG: 'NFT_REG_1', NFTA_CMP_OP: 'NFT_CMP_EQ' },
        },
        { NFTA_EXPR_NAME: 'counter', NFTA_EXPR_DATA: { NFTA_COUNTER_BYTES: 7, NFTA_COUNTER_PACKETS: 2 } },
        { NFTA_EXPR_NAME: 'immediate', NFTA_EXPR_DATA: { NFTA_IMMEDIATE_DREG: 'NFT_REG_VERDICT' } },
      ],
    },
  },
  {
    title: 'a set',
    reader: 'nfnetlink.nftsocket.nft_set_msg',
    request: nft.sets.create(set),
    header: { nfgen_family: IPV4 },
    attributes: {
      NFTA_SET_TABLE: 't',
      NFTA_SET_NAME: 's',
      NFTA_SET_FLAGS: ['NFT_SET_INTERVAL'],
      NFTA_SET_KEY_LEN: 4,
    },
  },
  {
    title: 'elements',
    reader: 'nfnetlink.nftsocket.nft_set_elem_list_msg',
    request: firstOf(nft.elements.add(set, [{ key: ['10.0.0.0/24'] }])),
    header: { nfgen_family: IPV4 },
    attributes: {
      NFTA_SET_ELEM_LIST_TABLE: 't',
      NFTA_SET_ELEM_LIST_SET: 's',
      NFTA_SET_ELEM_LIST_ELEMENTS: [
        // What lies before the first interval begins with its end, as nft(8) has it.
        { NFTA_SET_ELEM_KEY: { NFTA_DATA_VALUE: '00000000' }, NFTA_SET_ELEM_FLAGS: [1] },
        { NFTA_SET_ELEM_KEY: { NFTA_DATA_VALUE: '0a000000' } },
        {
          NFTA_SET_ELEM_KEY: { NFTA_DATA_VALUE: '0a000100' },
          NFTA_SET_ELEM_FLAGS: [1],
        },
      ],
    },
  },
  {
    title: 'a verdict map',
    reader: 'nfnetlink.nftsocket.nft_set_elem_list_msg',
    request: firstOf(nft.elements.add(map, [{ key: ['10.0.0.1'], value: ['jump d'] }])),
    header: { nfgen_family: IPV4 },
    attributes: {
      NFTA_SET_ELEM_LIST_ELEMENTS: [
        {
          NFTA_SET_ELEM_KEY: { NFTA_DATA_VALUE: '0a000001' },
          NFTA_SET_ELEM_DATA: {
            NFTA_DATA_VERDICT: { NFTA_VERDICT_CODE: 'NFT_JUMP', NFTA_VERDICT_CHAIN: 'd' },
          },
        },
      ],
    },
  },
  {
    title: 'a connection',
    reader: 'nfnetlink.nfctsocket.nfct_msg',
    request: conntrack.create({
      original: {
        ip: { source: '10.0.0.1', destination: '192.0.2.1' },
        protocol: { number: 6, sourcePort: 4000, destinationPort: 443 },
      },
      reply: {
        ip: { source: '192.0.2.1', destination: '10.0.0.1' },
        protocol: { number: 6, sourcePort: 443, destinationPort: 4000 },
      },
      timeout: 777,
      mark: 0x1234,
      zone: 9,
      protocolInfo: { tcp: { state: 3 } },
    }),
    header: { nfgen_family: IPV4 },
    attributes: {
      CTA_TUPLE_ORIG: {
        CTA_TUPLE_IP: { CTA_IP_V4_SRC: '10.0.0.1', CTA_IP_V4_DST: '192.0.2.1' },
        CTA_TUPLE_PROTO: { CTA_PROTO_NUM: 6, CTA_PROTO_SRC_PORT: 4000, CTA_PROTO_DST_PORT: 443 },
      },
      CTA_TUPLE_REPLY: { CTA_TUPLE_IP: { CTA_IP_V4_SRC: '192.0.2.1', CTA_IP_V4_DST: '10.0.0.1' } },
      CTA_TIMEOUT: 777,
      CTA_MARK: 0x1234,
      CTA_ZONE: 9,
      CTA_PROTOINFO: { CTA_PROTOINFO_TCP: { CTA_PROTOINFO_TCP_STATE: 3 } },
    },
  },
];

function firstOf<T>([first]: readonly T[]): T {
  if (first === undefined) throw new Error('no request');
  return first;
}

test('pyroute2 reads of our bytes for nftables and connection tracking what we meant', () => expectReads(rows));
