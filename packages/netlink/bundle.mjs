// Makes lib/ of the sources: few files in the place of some 280, because Node takes longer to open a module than to run
// it. The types stay those that tsc writes to dist/. Plain JavaScript, because Node 20 does not run TypeScript.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
const lib = path.join(here, 'lib');

rmSync(lib, { recursive: true, force: true });
await build({
  absWorkingDir: here,
  entryPoints: ['src/index.ts', 'src/testing.ts'],
  outdir: lib,
  bundle: true,
  // What both entries have in common is in a file of its own, so that there is one class of each error.
  splitting: true,
  chunkNames: 'shared-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  // Half of the time of an import is to read the text. Constants of the kernel become numbers; names stay as they are,
  // for stack traces, and so do lines.
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 120,
  legalComments: 'none',
  sourcemap: true,
});

removeOrphans();

/** tsc leaves what it once made of sources that are gone; a package would carry it. */
function removeOrphans() {
  const dist = path.join(here, 'dist');
  for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const source = file.replace(/(?:\.d\.ts|\.js)(?:\.map)?$/, '.ts');
    if (source !== file && !existsSync(path.join(here, 'src', source))) rmSync(path.join(dist, file), { force: true });
  }
}
