import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cache } from './places.ts';

const run = promisify(execFile);

/** A program's path, or why there is none and what to install. */
export type Found = { readonly path: string } | { readonly missing: string };

export function missingOf(found: Found): { readonly missing?: string } {
  return 'missing' in found ? { missing: found.missing } : {};
}

/** @throws when it is missing: call it where a contestant runs, which a missing one does not. */
export function pathOf(found: Found): string {
  if ('missing' in found) throw new Error(found.missing);
  return found.path;
}

async function exists(file: string, mode = constants.F_OK): Promise<boolean> {
  return access(file, mode).then(
    () => true,
    () => false,
  );
}

/** A program of the search path, which also looks where Debian keeps those of the administrator. */
export async function findTool(name: string, debianPackage: string): Promise<Found> {
  for (const folder of [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']) {
    const candidate = path.join(folder, name);
    if (folder.startsWith('/') && (await exists(candidate, constants.X_OK))) return { path: candidate };
  }
  return { missing: `${name} is not installed: apt-get install ${debianPackage}` };
}

/** A file that a package brings, such as the sources of a Go library. */
export async function findFile(file: string, debianPackage: string): Promise<Found> {
  if (await exists(file)) return { path: file };
  return { missing: `${file} is not there: apt-get install ${debianPackage}` };
}

async function built(
  source: string,
  how: (target: string) => { readonly command: readonly string[]; readonly environment?: NodeJS.ProcessEnv },
): Promise<Found> {
  const hash = createHash('sha256').update(await readFile(source));
  hash.update(JSON.stringify(how('')));
  const target = path.join(cache, `${path.basename(source, path.extname(source))}-${hash.digest('hex').slice(0, 16)}`);
  if (await exists(target, constants.X_OK)) return { path: target };
  await mkdir(cache, { recursive: true });
  // Built beside and renamed, so that an interrupted build leaves nothing that looks whole.
  const fresh = `${target}.${process.pid}`;
  const { command, environment } = how(fresh);
  const [program = '', ...rest] = command;
  try {
    await run(program, rest, { env: { ...process.env, ...environment }, maxBuffer: 16 << 20 });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    return {
      missing: `${path.basename(source)} does not compile: ${stderr.trim().split('\n').slice(0, 3).join('; ')}`,
    };
  }
  await rename(fresh, target);
  return { path: target };
}

/** A C program, compiled with `gcc -O2` once for each version of its source. */
export async function compileC(source: string, options: readonly string[] = []): Promise<Found> {
  const gcc = await findTool('gcc', 'gcc libc6-dev linux-libc-dev');
  if ('missing' in gcc) return gcc;
  return built(source, (target) => ({ command: [gcc.path, '-O2', '-Wall', ...options, source, '-o', target] }));
}

const GO_PATH = '/usr/share/gocode';

/** A Go program that uses libraries of Debian packages; nothing is downloaded. */
export async function compileGo(
  source: string,
  libraries: readonly { readonly importPath: string; readonly debianPackage: string }[],
): Promise<Found> {
  const go = await findTool('go', 'golang-go');
  if ('missing' in go) return go;
  for (const { importPath, debianPackage } of libraries) {
    const found = await findFile(path.join(GO_PATH, 'src', importPath), debianPackage);
    if ('missing' in found) return found;
  }
  const environment = {
    GO111MODULE: 'off',
    GOPATH: GO_PATH,
    GOFLAGS: '',
    GOPROXY: 'off',
    GOCACHE: path.join(cache, 'go'),
  };
  return built(source, (target) => ({ command: [go.path, 'build', '-o', target, source], environment }));
}

/** A Python interpreter that has the module: Debian's, which alone sees Debian's modules, before others. */
export async function findPython(module: string, debianPackage: string): Promise<Found> {
  const candidates = [await findFile('/usr/bin/python3', 'python3'), await findTool('python3', 'python3')];
  for (const found of candidates) {
    if ('missing' in found) continue;
    const works = await run(found.path, ['-c', `import ${module}`]).then(
      () => true,
      () => false,
    );
    if (works) return found;
  }
  return { missing: `no Python with the module ${module}: apt-get install ${debianPackage}` };
}
