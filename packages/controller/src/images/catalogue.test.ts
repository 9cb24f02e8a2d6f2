import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CatalogueImage, check } from '@kcore/contract';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { builtInImages } from './built-in.ts';
import { parseCatalogue } from './catalogue.ts';
import { CatalogueFile } from './catalogue-file.ts';

const own = {
  name: 'ours',
  url: 'https://images.example/ours.qcow2',
  digest: `sha256:${'a'.repeat(64)}`,
  format: 'qcow2',
} as const;

describe('the built-in catalogue', () => {
  test('R-41: has the names of the documentation, each of a dated release', () => {
    const names = builtInImages.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['ubuntu-24.04', 'debian-12', 'debian-13']));
    expect(new Set(names).size).toBe(names.length);
    for (const image of builtInImages) {
      expect(check(CatalogueImage, image)).toEqual(image);
      expect(image.url).toMatch(/20\d{6}/);
      expect(image.url).not.toMatch(/latest|current/);
    }
  });
});

describe("the operator's file", () => {
  test.each([
    [{ images: [own] }, ['ours', ...builtInImages.map(({ name }) => name)]],
    [{ images: [own], builtIn: false }, ['ours']],
    [{ images: [] }, builtInImages.map(({ name }) => name)],
  ])('%j', (value, names) => {
    expect(parseCatalogue(JSON.stringify(value)).map(({ name }) => name)).toEqual(names);
  });

  test('takes the place of a built-in image of the same name', () => {
    const images = parseCatalogue(JSON.stringify({ images: [{ ...own, name: 'debian-12' }] }));
    expect(images.filter(({ name }) => name === 'debian-12')).toEqual([{ ...own, name: 'debian-12' }]);
  });

  test.each([
    ['{', /is not JSON/],
    [JSON.stringify([own]), /missing field 'images'/],
    [JSON.stringify({ images: [own, own] }), /image 'ours' is in it twice/],
    [JSON.stringify({ images: [{ ...own, url: 'http://x/y' }] }), /images\.0\.url: url must be an https URL/],
    [JSON.stringify({ images: [{ ...own, digest: 'a'.repeat(64) }] }), /images\.0\.digest: a digest is 'sha256:'/],
    [JSON.stringify({ images: [{ ...own, name: 'a/b' }] }), /images\.0\.name: an image's name has/],
    [JSON.stringify({ images: [{ ...own, format: 'vmdk' }] }), /images\.0\.format: format must be/],
    [JSON.stringify({ images: [{ ...own, sha256: 'x' }] }), /unknown field 'images\.0\.sha256'/],
  ])('%s is refused', (text, problem) => {
    expect(() => parseCatalogue(text)).toThrow(problem);
  });
});

describe('reading it again', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kcore-catalogue-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('a change is seen, a broken file leaves what was read before, and each is logged once', async () => {
    const lines: { level: number; msg: string }[] = [];
    const log = pino({ level: 'debug' }, { write: (line) => lines.push(JSON.parse(line)) });
    const path = join(directory, 'images.json');
    const file = new CatalogueFile(path, log);
    const names = () => file.catalogue.images.map(({ name }) => name);
    await file.refresh();
    expect(names()).toEqual([]);
    expect(file.catalogue.problem).toBe(`the catalogue of images ${path} cannot be used: there is no such file`);

    await writeFile(path, JSON.stringify({ images: [own], builtIn: false }));
    await file.refresh();
    expect([names(), file.catalogue.problem]).toEqual([['ours'], undefined]);

    await writeFile(path, '{"images": [');
    await Promise.all([file.refresh(), file.refresh()]);
    expect(names()).toEqual(['ours']);
    expect(file.catalogue.problem).toContain('it is not JSON');
    await file.refresh();

    await writeFile(path, JSON.stringify({ images: [{ ...own, name: 'more' }], builtIn: false }));
    await file.refresh();
    expect([names(), file.catalogue.problem]).toEqual([['more'], undefined]);
    expect(lines.map(({ level }) => level)).toEqual([40, 30, 40, 30]);
  });
});
