import { existsSync } from 'node:fs';
import path from 'node:path';

function up(from: string, marker: string): string {
  for (let folder = from; folder !== path.dirname(folder); folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, marker))) return folder;
  }
  throw new Error(`no folder above ${from} has a ${marker}`);
}

/** The checkout, found from the sources and from `bench/dist` alike. */
export const repository = up(import.meta.dirname, 'pnpm-workspace.yaml');

/** Where sources that tsc does not copy lie: C, Go, Python. */
export const benchSources = path.join(repository, 'bench');

/** What is compiled from them; kept from run to run. */
export const cache = path.join(repository, 'node_modules', '.cache', 'kcore-bench');
