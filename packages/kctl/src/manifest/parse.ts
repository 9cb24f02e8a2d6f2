import { didYouMean, type Issue, invalidArgument, issuesOf, type KcoreError } from '@kcore/contract';
import * as v from 'valibot';
import type { Document, LineCounter, Node, Pair, YAMLMap } from 'yaml';
import { formatPlace, keysAt, type Manifest, type ManifestKind, manifestSchemas, type Place } from './schema.ts';
import type { Source } from './source.ts';

type Yaml = typeof import('yaml');
type Path = readonly (string | number)[];

/** One object of a source: a document, or an item of a `kind: List`, whose `base` is where it stands in the document. */
interface Item {
  readonly value: unknown;
  readonly base: Path;
}

/** Finds lines in one document. */
interface Locator {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly yaml: Yaml;
}

/**
 * The manifests of a source: YAML or JSON, any number of documents. Empty documents count for nothing.
 *
 * @throws {KcoreError} InvalidArgument naming file, line and key, before anything is sent to anybody.
 */
export async function parseManifests(source: Source): Promise<Manifest[]> {
  const yaml = await import('yaml');
  const lines = new yaml.LineCounter();
  const documents = yaml.parseAllDocuments(source.text, { lineCounter: lines, prettyErrors: false });
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const locator: Locator = { file: source.name, document, lines, yaml };
    const [error] = document.errors;
    if (error !== undefined) {
      throw invalidArgument(`${source.name}:${lines.linePos(error.pos[0]).line}: ${error.message}`);
    }
    return itemsOf(toValue(locator)).map((item) => toManifest(locator, item));
  });
}

/** Aliases are resolved a bounded number of times, so that a small file cannot become a large one. */
function toValue({ document, file }: Locator): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw invalidArgument(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function itemsOf(value: unknown): Item[] {
  if (value === null || value === undefined) return [];
  if (isObject(value) && value['kind'] === 'List' && Array.isArray(value['items'])) {
    return value['items'].map((item: unknown, index) => ({ value: item, base: ['items', index] }));
  }
  return [{ value, base: [] }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isManifestKind(kind: unknown): kind is ManifestKind {
  return typeof kind === 'string' && Object.hasOwn(manifestSchemas, kind);
}

function toManifest(locator: Locator, item: Item): Manifest {
  const { value, base } = item;
  const place = { file: locator.file, line: lineOf(locator, base) };
  if (!isObject(value))
    throw invalidArgument(`${formatPlace(place)}: a manifest is an object with kind, metadata and spec`);
  const { kind } = value;
  const kinds = Object.keys(manifestSchemas);
  if (kind === undefined) throw invalidArgument(`${formatPlace(place)}: missing field 'kind' (${kinds.join(' or ')})`);
  if (!isManifestKind(kind)) {
    const at = { ...place, line: lineOf(locator, [...base, 'kind']) };
    throw invalidArgument(
      `${formatPlace(at)}: kind '${kind}' cannot be applied (${kinds.join(' or ')})${didYouMean(String(kind), kinds)}`,
    );
  }
  const result = v.safeParse(manifestSchemas[kind], value);
  if (!result.success) throw wrong(locator, item, kind, result.issues);
  const { metadata, spec } = result.output;
  return { kind, name: metadata.name, spec, place } as Manifest;
}

/** The error of the first issue: where it is, what is wrong, and what was probably meant. */
function wrong(
  locator: Locator,
  { value, base }: Item,
  kind: ManifestKind,
  issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]],
): KcoreError {
  // A key that is not known is often why another one is missing.
  const first = issues.find(({ expected }) => expected === 'never') ?? issues[0];
  const path = (first.path ?? []).map(({ key }) => key as string | number);
  const [issue] = issuesOf([first]);
  const at: Place = { file: locator.file, line: lineOf(locator, [...base, ...path]) };
  const name = isObject(value) && isObject(value['metadata']) ? value['metadata']['name'] : undefined;
  const whose = typeof name === 'string' ? `${kind} '${name}'` : kind;
  const text = issue === undefined ? first.message : sentence(issue, kind, path);
  return invalidArgument(`${formatPlace(at)}: ${whose}: ${text}`, { field: path.join('.') });
}

function sentence(issue: Issue, kind: ManifestKind, path: Path): string {
  if (issue.unknownKey === undefined) return issue.message;
  const inside = path.slice(0, -1);
  const where = inside.length === 0 ? '' : ` in ${inside.join('.')}`;
  const keys = keysAt(manifestSchemas[kind], inside);
  return `unknown key '${issue.unknownKey}'${where}${didYouMean(issue.unknownKey, keys)}`;
}

/** Line of the key that a path ends with, or of the nearest thing above it that stands in the file. */
function lineOf(locator: Locator, path: Path): number {
  const { document, lines, yaml } = locator;
  for (let length = path.length; length > 0; length -= 1) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    const start = yaml.isMap(parent)
      ? keyStart(parent, key, yaml)
      : nodeStart(yaml.isSeq(parent) ? parent.get(Number(key), true) : undefined);
    if (start !== undefined) return lines.linePos(start).line;
  }
  return lines.linePos(nodeStart(document.contents) ?? document.range?.[0] ?? 0).line;
}

function keyStart(map: YAMLMap, key: string | number | undefined, yaml: Yaml): number | undefined {
  const pair = map.items.find((item: Pair) => yaml.isScalar(item.key) && String(item.key.value) === String(key));
  return nodeStart(pair?.key);
}

function nodeStart(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
