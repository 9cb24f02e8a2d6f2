import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));

/**
 * The program in one file, made from its sources, so that process tests need no build: Node 20 reads no TypeScript.
 * It lies below node_modules, where it finds the packages that are not bundled.
 */
export async function bundleProgram(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const outDir = join(packageDirectory, 'node_modules', `.kcore-test-${process.pid}`);
  const conditions = ['@kcore/source'];
  await build({
    root: packageDirectory,
    configFile: false,
    logLevel: 'error',
    resolve: { conditions },
    ssr: { resolve: { conditions }, noExternal: ['@kcore/contract', 'ipaddr.js'] },
    build: {
      ssr: 'src/main.ts',
      outDir,
      target: 'node20',
      minify: false,
      rollupOptions: { output: { entryFileNames: 'main.mjs' } },
    },
  });
  return { path: join(outDir, 'main.mjs'), remove: () => rm(outDir, { recursive: true, force: true }) };
}
