import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createRuleset, nft, nftTransaction, readRuleset } from '../../src/index.ts';
import { expectCopied, place, printed } from './nft-place.ts';

const FILE = fileURLToPath(new URL('ruleset.nft', import.meta.url));

describe('a ruleset that nft(8) wrote', () => {
  test('is read as values, and written from them elsewhere it is printed the same', async () => {
    await using from = await place('rsfrom');
    await using to = await place('rsto');
    from.ns.run('nft', '-f', FILE);
    await expectCopied(from, to);
  });

  test('has no expression, set or object that is only bytes, but for sets of types without a fixed size', async () => {
    await using from = await place('rsread');
    from.ns.run('nft', '-f', FILE);
    const { rules, sets, objects, tables, chains } = await readRuleset(from.connection);
    const raw = rules.flatMap(({ expressions }) => expressions.filter(({ data }) => data instanceof Uint8Array));
    expect(raw).toEqual([]);
    const names = new Set(rules.flatMap(({ expressions }) => expressions.map(({ name }) => name)));
    expect(names.size).toBeGreaterThan(32);
    const unknown = [...tables, ...chains, ...rules, ...objects, ...sets.map(({ set }) => set)];
    expect(unknown.filter((value) => value.unknown !== undefined)).toEqual([]);
    expect(objects.filter(({ kind }) => kind === 'other')).toEqual([]);
    const named = sets.map(({ set }) => set).filter(({ flags }) => flags.anonymous !== true);
    expect(named.filter((set) => nft.sets.shapeOf(set) === undefined).map(({ name }) => name)).toEqual([
      'lengths',
      'ranges',
    ]);
  });

  test('one table alone is read and written', async () => {
    await using from = await place('rsone');
    from.ns.run('nft', '-f', FILE);
    const ruleset = await readRuleset(from.connection, { family: 'ip', table: 'nat' });
    expect(ruleset.tables.map(({ name }) => name)).toEqual(['nat']);
    expect(ruleset.chains.every(({ table }) => table === 'nat')).toBe(true);
    const before = printed(from.ns);
    const nat = { family: 'ip', name: 'nat' } as const;
    expect(await nftTransaction(from.connection, [nft.tables.delete(nat), ...createRuleset(ruleset)])).toMatchObject({
      status: 'ok',
    });
    expect(printed(from.ns).split('\n').sort()).toEqual(before.split('\n').sort());
  });
});
