import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The programs in the README of the package. */
export interface Example {
  /** The heading it stands below, and its place there. */
  readonly title: string;
  readonly source: string;
  /** What its lines `// →` say that it prints, in order. */
  readonly prints: readonly string[];
  /** Kinds of links that not every kernel has: the block is marked "ts full-kernel". */
  readonly fullKernel: boolean;
}

export const readme = path.join(import.meta.dirname, '..', 'README.md');

export function examples(): readonly Example[] {
  const found: Example[] = [];
  let heading = '';
  for (const part of readFileSync(readme, 'utf8').matchAll(/^#+ (.*)$|^```ts( full-kernel)?\n([\s\S]*?)^```$/gm)) {
    const [, title, mark, source] = part;
    if (title !== undefined) heading = title;
    if (source === undefined) continue;
    const count = found.filter((example) => example.title.startsWith(heading)).length;
    found.push({
      title: count === 0 ? heading : `${heading}, ${count + 1}`,
      source,
      prints: [...source.matchAll(/^\s*\/\/ → (.*)$/gm)].map(([, text = '']) => text),
      fullKernel: mark !== undefined,
    });
  }
  return found;
}

/** Whether the lines are in the output, in their order. */
export function printsInOrder(output: string, lines: readonly string[]): boolean {
  let from = 0;
  for (const line of lines) {
    const at = output.indexOf(line, from);
    if (at < 0) return false;
    from = at + line.length;
  }
  return true;
}
