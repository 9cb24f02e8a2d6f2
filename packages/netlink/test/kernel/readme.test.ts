import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it, vi } from 'vitest';

it('runs the example of the README, which prints what the README says', async () => {
  const folder = path.join(import.meta.dirname, '..');
  const readme = await readFile(path.join(folder, '..', 'README.md'), 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1];
  if (example === undefined) throw new Error('the README has no example');
  // Inside the package, so that it is resolved and transformed like a test.
  const scratch = await mkdtemp(path.join(folder, '.readme-'));
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    const file = path.join(scratch, 'example.ts');
    await writeFile(file, example);
    await import(file);
    const [[outcomes], [items]] = printed.mock.calls as [[readonly { error?: Error }[]], [readonly unknown[]]];
    expect(outcomes).toMatchObject([{ status: 'ok' }, { status: 'failed' }]);
    const text = outcomes[1]?.error?.message ?? '';
    expect(readme).toContain(text.replace(/#\d+/, '#2'));
    expect(items).toMatchObject([{ mac: '02:00:00:00:00:01', destination: '192.0.2.2', where: 'self' }]);
  } finally {
    printed.mockRestore();
    await rm(scratch, { recursive: true });
  }
});
