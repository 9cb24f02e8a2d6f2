import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EM_AARCH64, EM_X86_64, readSharedObject } from './elf.ts';

/** The tarball that would be published, installed into a project that has nothing, on a machine that has no compiler. */

const home = path.join(import.meta.dirname, '..', '..');
const root = path.join(home, '..', '..');
const scratch = mkdtempSync(path.join(tmpdir(), 'kct-package-'));
const project = path.join(scratch, 'project');
const installed = path.join(project, 'node_modules', '@kcore', 'netlink');

/** The tools of an empty machine: Node and npm, and the shell that npm wants. */
function bareSearchPath(): string {
  const folder = path.join(scratch, 'bin');
  mkdirSync(folder);
  for (const name of ['node', 'npm', 'sh']) {
    const found = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    symlinkSync(found, path.join(folder, name));
  }
  return folder;
}

function run(cwd: string, program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): string {
  return execFileSync(program, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...environment },
  });
}

function packed(folder: string): string {
  const name = readdirSync(folder).find((file) => file.endsWith('.tgz'));
  if (name === undefined) throw new Error(`no tarball in ${folder}`);
  return path.join(folder, name);
}

beforeAll(() => {
  const { packageManager } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    packageManager: string;
  };
  const [ours, theirs] = ['ours', 'theirs'].map((name) => path.join(scratch, name)) as [string, string];
  for (const folder of [ours, theirs, project]) mkdirSync(folder);
  run(home, 'npx', ['--yes', packageManager, 'pack', '--pack-destination', ours]);
  // The one dependency comes from where it is already, so that nothing is downloaded.
  const loader = path.dirname(createRequire(path.join(home, 'package.json')).resolve('node-gyp-build/package.json'));
  run(scratch, 'npm', ['pack', '--pack-destination', theirs, loader]);
  writeFileSync(path.join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  const install = ['install', '--offline', '--no-audit', '--no-fund', packed(theirs), packed(ours)];
  run(project, 'npm', install, { PATH: bareSearchPath() });
}, 240_000);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it('runs the first example of the README without a compiler', () => {
  const example = /```ts\n(.*?)```/s.exec(readFileSync(path.join(installed, 'README.md'), 'utf8'))?.[1] ?? '';
  // Node 20 has no `using` yet; TypeScript makes what it understands of it.
  const tsc = path.join(root, 'node_modules', '.bin', 'tsc');
  writeFileSync(path.join(project, 'example.ts'), example);
  mkdirSync(path.join(project, 'node_modules', '@types'), { recursive: true });
  symlinkSync(path.join(root, 'node_modules', '@types', 'node'), path.join(project, 'node_modules', '@types', 'node'));
  const options = ['--module', 'nodenext', '--target', 'es2023', '--lib', 'es2023,esnext.disposable', '--strict'];
  // Library declarations are checked too: those of the package must hold in a program that has other options.
  run(project, tsc, [...options, '--skipLibCheck', 'false', '--types', 'node', 'example.ts']);
  const printed = run(project, process.execPath, ['example.js'], { PATH: path.join(scratch, 'bin') });
  expect(printed).toContain('EEXIST');
  expect(printed).toContain("destination: '192.0.2.2'");
});

it('has what a package needs, and nothing that builds or runs at installation', () => {
  const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as {
    readonly exports: Record<string, string | { readonly types: string; readonly default: string }>;
    readonly scripts?: Record<string, string>;
    readonly [key: string]: unknown;
  };
  expect(manifest).toMatchObject({
    license: 'Apache-2.0',
    type: 'module',
    sideEffects: false,
    os: ['linux'],
    cpu: ['x64', 'arm64'],
    libc: ['glibc'],
    engines: { node: '>=20.19' },
    dependencies: { 'node-gyp-build': expect.stringMatching(/^\d/) },
  });
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare'])
    expect(manifest.scripts).not.toHaveProperty(script);
  expect(existsSync(path.join(installed, 'binding.gyp'))).toBe(false);
  expect(existsSync(path.join(installed, 'LICENSE'))).toBe(true);
  for (const target of Object.values(manifest.exports)) {
    const files = typeof target === 'string' ? [target] : [target.types, target.default];
    // `types` comes first: conditions are tried in order.
    if (typeof target !== 'string') expect(Object.keys(target)).toEqual(['types', 'default']);
    for (const file of files) expect(existsSync(path.join(installed, file)), file).toBe(true);
  }
});

it('carries no tests, no stamps and no maps that lead nowhere', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  expect(files.filter((file) => /\.test\.ts$|\.sha256$|tsbuildinfo$|^test\/|^dist\/.*\.js$/.test(file))).toEqual([]);
  const maps = files.filter((file) => file.endsWith('.map'));
  expect(maps.some((file) => file.startsWith('lib/'))).toBe(true);
  expect(maps.length).toBeGreaterThan(100);
  const lost = maps.filter((file) => {
    const { sources } = JSON.parse(readFileSync(path.join(installed, file), 'utf8')) as { sources: readonly string[] };
    return sources.some((source) => !existsSync(path.join(installed, path.dirname(file), source)));
  });
  expect(lost).toEqual([]);
});

it.each([
  ['x64', EM_X86_64, 'GLIBC_2.17'],
  ['arm64', EM_AARCH64, 'GLIBC_2.17'],
])('has an addon for %s that needs nothing but an old glibc', (architecture, machine, newest) => {
  const addon = path.join(installed, 'prebuilds', `linux-${architecture}`, 'kcore-netlink.glibc.node');
  const found = readSharedObject(addon);
  expect(found.machine).toBe(machine);
  expect(found.needed).toEqual(['libc.so.6']);
  const number = (version: string): number => Number(/^GLIBC_2\.(\d+)/.exec(version)?.[1] ?? Number.NaN);
  expect(found.versions.length).toBeGreaterThan(0);
  for (const version of found.versions) expect(number(version), version).toBeLessThanOrEqual(number(newest));
});
