import { describe, expect, test } from 'vitest';
import type { Operation } from '../../model/operation.ts';
import type { NftChain, NftElement, NftSet, NftTable, Resource } from '../../model/resource.ts';
import { converge } from './converge.ts';
import { nftRequests, UnwritableOperation } from './requests.ts';

const table: NftTable = { kind: 'nft-table', family: 'ip', name: 'kcore' };
const set: NftSet = {
  kind: 'nft-set',
  family: 'ip',
  table: 'kcore',
  name: 'sources',
  key: ['ipv4_addr'],
  interval: true,
  data: 'verdict',
};
const chain: NftChain = { kind: 'nft-chain', family: 'ip', table: 'kcore', name: 'net', rules: [] };
const dispatch: NftChain = {
  ...chain,
  name: 'post',
  rules: [{ statements: [{ vmap: ['ip saddr'], map: 'sources' }] }],
};

function element(key: string): NftElement {
  return { kind: 'nft-element', family: 'ip', table: 'kcore', set: 'sources', key: [key], value: ['jump net'] };
}

const create = (want: Resource): Operation => ({ op: 'create', want, reason: 'missing' });
const remove = (have: Resource): Operation => ({ op: 'delete', have, reason: 'not wanted' });

function lines(...operations: readonly Operation[]): readonly string[] {
  return nftRequests(operations, () => set).map((each) => `${each.request.operation} [${each.operations.join()}]`);
}

describe('the requests of one transaction', () => {
  test('what is used is made before what uses it', () => {
    expect(lines(create(element('10.0.0.0/24')), create(dispatch), create(chain), create(set), create(table))).toEqual([
      'create table ip kcore [4]',
      'create map ip kcore sources [3]',
      'create chain ip kcore post [1]',
      'flush chain ip kcore post [1]',
      'create chain ip kcore net [2]',
      'flush chain ip kcore net [2]',
      'append rule ip kcore post [1]',
      'add 3 elements of ip kcore sources [0]',
    ]);
  });

  test('what uses goes before what is used; a set’s elements go with it', () => {
    expect(lines(remove(set), remove(chain), remove(dispatch), remove(element('10.0.0.0/24')))).toEqual([
      'flush chain ip kcore net [1]',
      'flush chain ip kcore post [2]',
      'flush set ip kcore sources [0]',
      'delete set ip kcore sources [0]',
      'delete chain ip kcore net [1]',
      'delete chain ip kcore post [2]',
    ]);
  });

  test('all that is in a deleted table goes with it', () => {
    expect(lines(remove(chain), remove(set), remove(element('10.0.0.0/24')), remove(table))).toEqual([
      'delete table ip kcore [3]',
    ]);
  });

  test('a rewritten chain lets go of what its old rules used', () => {
    const update: Operation = { op: 'update', want: { ...dispatch, rules: [] }, have: dispatch, reason: 'rules' };
    expect(lines(update, remove(set))).toEqual([
      'flush chain ip kcore post [0]',
      'flush set ip kcore sources [1]',
      'delete set ip kcore sources [1]',
      'create chain ip kcore post [0]',
      'flush chain ip kcore post [0]',
    ]);
  });

  test('elements of one set share a message', () => {
    const more = ['10.0.1.0/24', '10.0.2.0/24'].map((key) => create(element(key)));
    expect(lines(remove(element('10.0.0.0/24')), ...more)).toEqual([
      'delete 2 elements of ip kcore sources [0]',
      'add 5 elements of ip kcore sources [1,2]',
    ]);
  });

  test('the operation that cannot be written is named', () => {
    const bad = [create(element('10.0.0.0/24')), create(element('10.0.0.1/24'))];
    try {
      nftRequests(bad, () => set);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UnwritableOperation);
      expect(error).toMatchObject({ operation: 1, message: expect.stringContaining('bits beyond its prefix') });
    }
  });
});

describe('operations fitted to what is there', () => {
  test('deleting the absent is done; what has the right shape is left alone', () => {
    const operations = [remove(chain), remove(set), create(table), create(dispatch)];
    expect(converge(operations, [set, table])).toEqual([undefined, [operations[1]], [operations[2]], [operations[3]]]);
  });

  test('another shape is deleted first', () => {
    const other: NftSet = { ...set, interval: false };
    expect(converge([create(set)], [other])).toEqual([
      [{ op: 'delete', have: other, reason: 'in the way' }, create(set)],
    ]);
    expect(
      converge([create({ ...element('10.0.0.0/24'), value: ['drop'] })], [element('10.0.0.0/24')])[0],
    ).toHaveLength(2);
  });

  test('what the plan deletes itself is not deleted twice', () => {
    const moved = { ...element('10.0.0.0/24'), value: ['drop'] };
    const operations = [remove(element('10.0.0.0/24')), create(moved)];
    expect(converge(operations, [element('10.0.0.0/24')])).toEqual([[operations[0]], [operations[1]]]);
  });
});
