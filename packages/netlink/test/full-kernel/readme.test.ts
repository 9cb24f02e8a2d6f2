import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format } from 'node:util';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { examples, printsInOrder } from '../examples.ts';

/** The README's examples of kinds that not every kernel has. The machine is theirs: they run in this process. */

// Inside the package, so that they are resolved and transformed like a test.
const scratch = mkdtempSync(path.join(import.meta.dirname, '..', '.readme-'));
const needing = examples().filter(({ fullKernel }) => fullKernel);

const linkNames = (): readonly string[] =>
  (JSON.parse(execFileSync('ip', ['-j', 'link', 'show'], { encoding: 'utf8' })) as { readonly ifname: string }[]).map(
    ({ ifname }) => ifname,
  );
const before = new Set(linkNames());

/** The examples use the same names. A veth's other end is gone with it, so that its deletion may fail. */
afterEach(() => {
  for (const name of linkNames()) if (!before.has(name)) spawnSync('ip', ['link', 'delete', name]);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it.each(needing.map((example, index) => ({ ...example, index })))('$title', async ({ source, prints, index }) => {
  const file = path.join(scratch, `example-${index}.ts`);
  writeFileSync(file, source);
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...values: readonly unknown[]) => {
    lines.push(format(...values));
  });
  try {
    await import(file);
  } finally {
    log.mockRestore();
  }
  const printed = lines.join('\n');
  expect(prints.length).toBeGreaterThan(0);
  if (!printsInOrder(printed, prints)) expect(printed).toBe(prints.join('\n'));
});
