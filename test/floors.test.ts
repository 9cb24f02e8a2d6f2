import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The import directions of ARCHITECTURE.md, held. Paths are relative to the repository's root. */

const root = join(import.meta.dirname, '..');

function sources(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'));
}

const files = ['netlink', 'contract', 'agent', 'controller', 'kctl', 'lab'].flatMap((name) =>
  sources(`packages/${name}/src`),
);

/** What a file imports: package names as they are, relative paths as paths from the root. Dynamic imports count too. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const found = text.matchAll(
    /^\s*(?:import|export)\b[^;]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
  );
  return [...found].map(([, a, b, c]) => {
    const name = a ?? b ?? c ?? '';
    return name.startsWith('.') ? relative(root, join(root, dirname(file), name)) : name;
  });
}

const graph = new Map(files.map((file) => [file, importsOf(file)]));

function importers(matches: (imported: string) => boolean): string[] {
  return [...graph].filter(([, imports]) => imports.some(matches)).map(([file]) => file);
}

const named = (name: string) => (imported: string) => imported === name || imported.startsWith(`${name}/`);
const within =
  (...folders: string[]) =>
  (file: string) =>
    folders.some((folder) => file === folder || file.startsWith(`${folder}/`));

describe('floors', () => {
  it('finds the sources', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(importers(named('@kcore/contract')).length).toBeGreaterThan(10);
  });

  it.each([
    ['@kcore/netlink', ['packages/agent/src/kernel', 'packages/lab/src']],
    ['@kcore/agent', ['packages/lab/src/none']],
    ['@kcore/controller', ['packages/lab/src/none']],
    ['@kcore/lab', ['packages/kctl/src']],
    ['lmdb', ['packages/controller/src/store/lmdb.ts', 'packages/agent/src/store/lmdb.ts']],
    ['clipanion', ['packages/kctl/src']],
    ['@peculiar/x509', ['packages/kctl/src/pki']],
  ])('lets %s be imported only from where it belongs', (name, allowed) => {
    expect(importers(named(name)).filter((file) => !within(...allowed)(file))).toEqual([]);
  });

  it('keeps ws in one file named for it', () => {
    expect(importers(named('ws')).filter((file) => !file.endsWith('/ws.ts'))).toEqual([]);
  });

  it('keeps contract and netlink at the ground: neither imports a package of ours', () => {
    const ground = files.filter(within('packages/contract/src', 'packages/netlink/src'));
    const offenders = ground.filter((file) =>
      graph.get(file)?.some((name) => name.startsWith('@kcore/') || name === 'kctl'),
    );
    expect(offenders).toEqual([]);
  });

  it.each([
    // Each folder of the agent, with what it must not see: those above it, and beside it.
    ['model', ['compile', 'plan', 'kernel', 'dhcp', 'vm', 'loop', 'status', 'session', 'store']],
    ['compile', ['plan', 'kernel', 'dhcp', 'vm', 'loop', 'status', 'session', 'store']],
    ['plan', ['compile', 'kernel', 'dhcp', 'vm', 'loop', 'status', 'session', 'store']],
    ['kernel', ['compile', 'dhcp', 'vm', 'loop', 'status', 'session', 'store']],
    ['dhcp', ['compile', 'plan', 'kernel', 'vm', 'loop', 'status', 'session', 'store']],
    ['vm', ['compile', 'plan', 'kernel', 'dhcp', 'loop', 'session', 'store']],
    ['reach', ['compile', 'plan', 'kernel', 'loop', 'status', 'session', 'store']],
    ['store', ['compile', 'plan', 'kernel', 'dhcp', 'vm', 'loop', 'status', 'session']],
  ])('keeps agent/%s from looking up', (folder, forbidden) => {
    const own = files.filter(within(`packages/agent/src/${folder}`));
    const seen = own.flatMap((file) => (graph.get(file) ?? []).map((imported) => ({ file, imported })));
    const above = forbidden.map((name) => `packages/agent/src/${name}`);
    expect(seen.filter(({ imported }) => within(...above)(imported))).toEqual([]);
  });

  it.each(['compile', 'plan', 'model'])('keeps agent/%s pure: no I/O, no clock, no randomness', (folder) => {
    const impure = files.filter(within(`packages/agent/src/${folder}`)).filter((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const node = graph.get(file)?.filter((name) => name.startsWith('node:') && name !== 'node:crypto') ?? [];
      return (
        node.length > 0 ||
        /\bDate\.now\(|\bMath\.random\(|\bnew Date\(\)|\bsetTimeout\(|\bperformance\.now\(/.test(text)
      );
    });
    expect(impure).toEqual([]);
  });

  it('keeps modules without state: no top-level let', () => {
    const stateful = files.filter((file) => /^(export )?let\b/m.test(readFileSync(join(root, file), 'utf8')));
    expect(stateful).toEqual([]);
  });

  it('executes no program in the agent, the controller or the libraries (R-55)', () => {
    const own = within(
      'packages/agent/src',
      'packages/controller/src',
      'packages/contract/src',
      'packages/netlink/src',
    );
    // QEMU is executed for a virtual machine, and nothing for the network path.
    const virtualMachines = 'packages/agent/src/vm/qemu/';
    const spawning = importers((name) => name === 'node:child_process' || name === 'node:cluster').filter(own);
    expect(spawning.filter((file) => !file.startsWith(virtualMachines))).toEqual([]);
  });
});
