import { NetworkSpec, VmSpec } from '@kcore/contract';
import * as v from 'valibot';

const metadata = v.strictObject({ name: v.string() });

/** `status` is what `-o yaml` shows beside the spec; it is the cluster's to say, so it is read over. */
const status = v.exactOptional(v.unknown());

export const NetworkManifest = v.strictObject({ kind: v.literal('Network'), metadata, spec: NetworkSpec, status });
export const VmManifest = v.strictObject({ kind: v.literal('VM'), metadata, spec: VmSpec, status });

export const manifestSchemas = { Network: NetworkManifest, VM: VmManifest } as const;
export type ManifestKind = keyof typeof manifestSchemas;

/** What stands in a document and where: `network.yaml:12`. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

export type Manifest =
  | { readonly kind: 'Network'; readonly name: string; readonly spec: NetworkSpec; readonly place: Place }
  | { readonly kind: 'VM'; readonly name: string; readonly spec: VmSpec; readonly place: Place };

export function formatPlace(place: Place): string {
  return `${place.file}:${place.line}`;
}

/**
 * The keys that a schema has at a path, for suggestions. Follows objects, lists and the wrappers that make a key
 * optional; anything else has no keys.
 */
export function keysAt(schema: v.GenericSchema, path: readonly PropertyKey[]): readonly string[] {
  const entries = entriesOf(schema);
  const [key, ...rest] = path;
  if (key === undefined) return Object.keys(entries ?? {});
  const next = entries === undefined ? itemOf(schema) : entries[String(key)];
  return next === undefined ? [] : keysAt(next, rest);
}

function unwrap(schema: v.GenericSchema): v.GenericSchema {
  return 'wrapped' in schema ? unwrap(schema.wrapped as v.GenericSchema) : schema;
}

function entriesOf(schema: v.GenericSchema): Readonly<Record<string, v.GenericSchema>> | undefined {
  const inner = unwrap(schema);
  return 'entries' in inner ? (inner.entries as Record<string, v.GenericSchema>) : undefined;
}

function itemOf(schema: v.GenericSchema): v.GenericSchema | undefined {
  const inner = unwrap(schema);
  return 'item' in inner ? (inner.item as v.GenericSchema) : undefined;
}
