import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * The files of a kernel's modules that must be inserted, in order, for the named modules to work.
 * Names that are in no file are built into the kernel and need nothing.
 *
 * @param {string} directory `/lib/modules/<version>`
 * @param {readonly string[]} names
 * @returns {string[]} Absolute paths, dependencies first.
 */
export function moduleFiles(directory, names) {
  const dependencies = new Map();
  const byName = new Map();
  for (const line of readFileSync(join(directory, 'modules.dep'), 'utf8').split('\n')) {
    const [path, rest] = line.split(':');
    if (!path || rest === undefined) continue;
    dependencies.set(path, rest.trim().split(/\s+/).filter(Boolean));
    byName.set(
      basename(path)
        .replace(/\.ko(\.\w+)?$/, '')
        .replaceAll('-', '_'),
      path,
    );
  }
  const ordered = new Set();
  const visit = (path) => {
    if (ordered.has(path)) return;
    // modules.dep lists the nearest dependency first; each is visited for its own.
    for (const dependency of dependencies.get(path) ?? []) visit(dependency);
    ordered.add(path);
  };
  for (const name of names) {
    const path = byName.get(name.replaceAll('-', '_'));
    if (path !== undefined) visit(path);
  }
  return [...ordered].map((path) => join(directory, path));
}
