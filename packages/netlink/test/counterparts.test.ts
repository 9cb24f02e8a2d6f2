import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

/** docs/counterparts.md names tests of ours; each is there, so that a test that goes or is renamed is noticed. */

const home = path.join(import.meta.dirname, '..');
const text = readFileSync(path.join(home, 'docs', 'counterparts.md'), 'utf8');

interface Row {
  readonly theirs: string;
  readonly here: string;
}

/** The rows of all tables "theirs | here". */
const rows: readonly Row[] = [...text.matchAll(/\| theirs \| here \|\n\|---\|---\|\n((?:\|.*\n)+)/g)].flatMap(
  ([, body = '']) =>
    body
      .trimEnd()
      .split('\n')
      .map((line) => /^\| (\S+) \| (.*) \|$/.exec(line))
      .map((found) => ({ theirs: found?.[1] ?? '', here: (found?.[2] ?? '').replaceAll('\\|', '|') })),
);

const THEIRS = 402;

const references = (here: string): readonly (readonly [file: string, title: string])[] =>
  [...here.matchAll(/`([^`]+\.(?:ts|nft|md))` "([^"]+)"/g)].map(([, file = '', title = '']) => [file, title]);

describe('counterparts', () => {
  it('has all of their tests in the families that we have', () => {
    // 248 of vishvananda/netlink (97 more are of other families) and 154 of google/nftables.
    expect(rows.length).toBe(THEIRS);
    expect(new Set(rows.map(({ theirs }) => theirs)).size).toBeGreaterThan(rows.length - 5);
  });

  it('says for each what its counterpart is, or why there is none', () => {
    const silent = rows.filter(({ here }) => !/^— \S/.test(here) && references(here).length === 0);
    expect(silent).toEqual([]);
    expect(rows.filter(({ here }) => !here.startsWith('—')).length).toBeGreaterThan(THEIRS / 2);
  });

  it('names only what is there', () => {
    const lost = rows.flatMap(({ theirs, here }) =>
      references(here)
        .filter(([file, title]) => {
          const full = path.join(home, file);
          return !existsSync(full) || !readFileSync(full, 'utf8').includes(title);
        })
        .map(([file, title]) => `${theirs}: ${file} "${title}"`),
    );
    expect(lost).toEqual([]);
  });
});
