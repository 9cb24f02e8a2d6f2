import { didYouMean, type ErrorDetails, invalidArgument, KcoreError } from '@kcore/contract';
import * as v from 'valibot';

/** How to reach one cluster, and as whom. `ca`, `cert` and `key` are PEM texts, or paths of PEM files. */
const ContextEntry = v.strictObject({
  name: v.pipe(v.string(), v.minLength(1)),
  controller: v.pipe(v.string(), v.regex(/^(wss:\/\/[^/\s]+\/?|unix:\/.+)$/, 'must be wss://HOST:PORT or unix:/PATH')),
  ca: v.string(),
  cert: v.string(),
  key: v.string(),
});
export type ContextEntry = v.InferOutput<typeof ContextEntry>;

const Config = v.strictObject({
  currentContext: v.exactOptional(v.string()),
  contexts: v.exactOptional(v.array(ContextEntry), []),
});
export type Config = v.InferOutput<typeof Config>;

export const emptyConfig: Config = { contexts: [] };

/** @throws {KcoreError} InvalidArgument that names the file and the key. */
export function parseConfig(value: unknown, path: string): Config {
  const result = v.safeParse(Config, value ?? {});
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue) ?? 'the file';
  throw invalidArgument(`${path}: ${where}: ${issue.message}`, { field: where });
}

/** With that context put in, or replaced; it becomes the current one when `current` says so, or when it is the first. */
export function withContext(config: Config, entry: ContextEntry, current: boolean): Config {
  const contexts = [...config.contexts.filter(({ name }) => name !== entry.name), entry];
  const currentContext = current || contexts.length === 1 ? entry.name : config.currentContext;
  return { ...(currentContext === undefined ? {} : { currentContext }), contexts };
}

/** Without that context; when it was the current one, no other takes its place unasked. */
export function withoutContext(config: Config, name: string): Config {
  const contexts = config.contexts.filter((context) => context.name !== name);
  const { currentContext } = config;
  return { ...(currentContext === undefined || currentContext === name ? {} : { currentContext }), contexts };
}

export function findContext(config: Config, name: string): ContextEntry {
  const found = config.contexts.find((context) => context.name === name);
  if (found !== undefined) return found;
  const names = config.contexts.map((context) => context.name);
  throw new KcoreError('NotFound', `context '${name}' not found${didYouMean(name, names)}`, contextsRemedy(names));
}

function contextsRemedy(names: readonly string[]): ErrorDetails {
  if (names.length > 0) return { remedy: `known contexts: ${names.join(', ')}` };
  return { remedy: "make a cluster with 'kctl create cluster' or 'kctl lab up'; either writes a context" };
}

/** The context to use: the one asked for, else the current one, else the only one. */
export function chooseContext(config: Config, asked: string | undefined): ContextEntry {
  const name = asked ?? config.currentContext;
  if (name !== undefined) return findContext(config, name);
  const [only, ...others] = config.contexts;
  if (only !== undefined && others.length === 0) return only;
  const names = config.contexts.map((context) => context.name);
  if (names.length === 0) {
    throw new KcoreError('FailedPrecondition', 'no context: kctl does not know any controller', contextsRemedy(names));
  }
  throw new KcoreError('FailedPrecondition', `no context is chosen among ${names.join(', ')}`, {
    remedy: "pass --context NAME, set KCORE_CONTEXT, or choose one with 'kctl config use-context NAME'",
  });
}
