import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';

/** Packages are imported from where they are, by path: the bundle lies where none of them could be found by name. */
const packagesByPath: Plugin = {
  name: 'packages-by-path',
  enforce: 'pre',
  async resolveId(source, importer) {
    const resolved = await this.resolve(source, importer, { skipSelf: true });
    if (resolved === null || !resolved.id.includes('/node_modules/')) return resolved;
    return { id: resolved.id, external: 'absolute' };
  },
};

/** The program in one file, made from its sources, so that process tests need no build: Node 20 reads no TypeScript. */
export async function bundleProgram(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const outDir = await mkdtemp(join(tmpdir(), 'kcore-program-'));
  const conditions = ['@kcore/source', 'node'];
  await build({
    root: fileURLToPath(new URL('..', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    plugins: [packagesByPath],
    resolve: { conditions },
    ssr: { resolve: { conditions }, noExternal: true },
    build: {
      ssr: 'src/main.ts',
      outDir,
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { entryFileNames: 'main.mjs' } },
    },
  });
  return { path: join(outDir, 'main.mjs'), remove: () => rm(outDir, { recursive: true, force: true }) };
}
