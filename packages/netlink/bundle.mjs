// Makes lib/ of the sources: few files in the place of some 280, because Node takes longer to open a module than to run
// it. The types stay those that tsc writes to dist/. Plain JavaScript, because Node 20 does not run TypeScript.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'vite';

const here = import.meta.dirname;

await build({
  configFile: false,
  root: here,
  logLevel: 'warn',
  build: {
    // For Node: its modules and the package's dependencies are imported, not taken in.
    ssr: true,
    target: 'node20',
    outDir: path.join(here, 'lib'),
    emptyOutDir: true,
    minify: false,
    sourcemap: true,
    rollupOptions: {
      input: { index: path.join(here, 'src/index.ts'), testing: path.join(here, 'src/testing.ts') },
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'shared-[hash].js' },
    },
  },
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
