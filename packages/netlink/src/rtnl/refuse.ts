import { ValueError } from '../codec/error.ts';

/** What to say of most of them. */
export const TOLD = 'the kernel tells it and takes no change of it; leave it out';

/** Members that the kernel would take without a word and not do, each with what to say and do about it. */
export type Ignored = Readonly<Record<string, string>>;

/** A table that can be looked up by names that objects have of their own, such as `constructor`. */
export function ignored(...tables: readonly Ignored[]): ReadonlyMap<string, string> {
  return new Map(tables.flatMap((table) => Object.entries(table)));
}

/** Nothing is allocated: bulks are checked entry by entry. @throws {ValueError} A member that is in the table. */
export function refuse(table: ReadonlyMap<string, string>, spec: object, path?: string): void {
  for (const name in spec) {
    const remedy = table.get(name);
    if (remedy !== undefined) throw new ValueError(remedy, path === undefined ? name : `${path}.${name}`);
  }
}

/** The same of flags, where `false` asks for nothing. */
export function refuseFlags(table: ReadonlyMap<string, string>, flags: object, path: string): void {
  for (const name in flags) {
    const remedy = table.get(name);
    if (remedy === undefined || (flags as Readonly<Record<string, unknown>>)[name] === false) continue;
    throw new ValueError(remedy, `${path}.${name}`);
  }
}
