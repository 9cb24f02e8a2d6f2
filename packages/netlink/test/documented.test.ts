import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Everything that the package exports has a doc comment: each declaration that `index.ts` and `testing.ts` name, and each
 * function of the objects of requests (`links.create`, `nft.sets.list`). Constants of uapi headers are documented by their
 * file's opening comment, which names the header.
 */

const source = path.join(import.meta.dirname, '..', 'src');

interface Exported {
  /** As users know it: `links.create`. */
  readonly name: string;
  readonly file: string;
  /** In that file. */
  readonly declared: string;
}

function read(file: string): string {
  return readFileSync(file, 'utf8');
}

/** What `export { a, type B as C } from './x.ts'` says, for each name. */
function reexports(file: string): readonly Exported[] {
  const found = read(file).matchAll(/^export (?:type )?\{([^}]*)\} from '(\.[^']*)';/gm);
  return [...found].flatMap(([, names = '', from = '']) =>
    names
      .split(',')
      .map((name) => name.trim().replace(/^type /, ''))
      .filter((name) => name !== '')
      .map((name) => {
        const [declared = '', exported = declared] = name.split(' as ');
        return { name: exported, declared, file: path.join(path.dirname(file), from) };
      }),
  );
}

const escaped = (name: string): string => name.replaceAll('$', '\\$');

/** Where a declaration begins, or undefined: imported into the file, or not there. */
function declarationOf(text: string, name: string): number | undefined {
  const declaration = new RegExp(
    `^(?:export )?(?:declare )?(?:async )?(?:abstract )?(?:function\\*?|const|class|interface|type) ${escaped(name)}\\b`,
    'm',
  );
  return declaration.exec(text)?.index;
}

/** The file that an import of the name leads to. */
function importedFrom(file: string, text: string, name: string): Exported | undefined {
  for (const [, names = '', from = ''] of text.matchAll(/^import (?:type )?\{([^}]*)\} from '(\.[^']*)';/gm)) {
    for (const part of names.split(',')) {
      const [declared = '', local = declared] = part
        .trim()
        .replace(/^type /, '')
        .split(' as ');
      if (local === name) return { name, declared, file: path.join(path.dirname(file), from) };
    }
  }
  return undefined;
}

function isDocumented(text: string, at: number): boolean {
  return /\*\/\s*$/.test(text.slice(0, at));
}

/** The functions of `export const links = { create, delete: deleteLink } as const`, or none for another declaration. */
function membersOf({ name, file, declared }: Exported): readonly Exported[] {
  const text = read(file);
  const object = new RegExp(`^export const ${escaped(declared)} = \\{([^{}]*)\\} as const;`, 'm').exec(text)?.[1];
  if (object === undefined) return [];
  return object
    .replaceAll(/\/\*.*?\*\/|\/\/.*$/gms, '')
    .split(',')
    .map((member) => member.trim())
    .filter((member) => /^\w+(?:: \w+)?$/.test(member))
    .flatMap((member) => {
      const [key = '', local = key] = member.split(': ');
      const here =
        declarationOf(text, local) === undefined ? importedFrom(file, text, local) : { declared: local, file };
      return here === undefined ? [] : [{ ...here, name: `${name}.${key}` }];
    })
    .flatMap((member) => [member, ...membersOf(member)]);
}

function problemOf({ name, file, declared }: Exported): string | undefined {
  const text = read(file);
  const shown = path.relative(source, file);
  if (shown.startsWith('uapi/')) {
    const opening = /^\/\*\*?[\s\S]*?\*\/|^(?:\/\/.*\n)+/.exec(text)?.[0] ?? '';
    return /\.h\b/.test(opening) ? undefined : `${shown}: its opening comment does not name the header (${name})`;
  }
  const at = declarationOf(text, declared);
  if (at === undefined) return `${shown}: ${declared} is not declared there (${name})`;
  return isDocumented(text, at) ? undefined : `${shown}: ${declared} has no doc comment (${name})`;
}

describe('documentation', () => {
  const direct = [...reexports(path.join(source, 'index.ts')), ...reexports(path.join(source, 'testing.ts'))];
  const all = direct.flatMap((exported) => [exported, ...membersOf(exported)]);

  it('finds the exports, and the functions of objects of requests', () => {
    const names = new Set(all.map(({ name }) => name));
    for (const name of ['links', 'links.create', 'nft.tables.create', 'openConnection', 'NetlinkError', 'Link']) {
      expect(names).toContain(name);
    }
    expect(all.length).toBeGreaterThan(200);
  });

  it('documents every one of them', () => {
    const problems = new Set(all.map(problemOf).filter((problem) => problem !== undefined));
    expect([...problems].sort()).toEqual([]);
  });
});
