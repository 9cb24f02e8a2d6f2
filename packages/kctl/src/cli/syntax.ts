import type { Cli } from 'clipanion';
import type { KctlContext } from './context.ts';

export const BINARY = 'kctl';

/** One flag as help shows it. */
export interface FlagSyntax {
  /** `-o`, `--output`. */
  readonly names: readonly string[];
  /** The word for its value; absent for a flag that takes none. */
  readonly value?: string;
  readonly description: string;
}

/** One command as help and error messages need it. */
export interface CommandSyntax {
  readonly paths: readonly (readonly string[])[];
  readonly category: string;
  readonly description: string;
  readonly details?: string;
  readonly examples: readonly (readonly [string, string])[];
  /** `NAME`, `[NAME]`, `[NAME...]`. */
  readonly positionals: readonly string[];
  readonly flags: readonly FlagSyntax[];
}

/** What clipanion calls positionals in its usage line: `<NAME>`, `[NAME]`, `...`; a rest loses its name there. */
function positionalsOf(usage: string, path: readonly string[]): string[] {
  const words = usage.split(' ').slice(path.length + 1);
  const found = words.filter((word) => !word.startsWith('[--') && !word.startsWith('[-') && !word.startsWith('#'));
  const rest = found.includes('...');
  return found.flatMap((word) => {
    if (word === '...') return [];
    const name = word.replace(/[<>[\]]/g, '');
    const optional = word.startsWith('[');
    if (rest) return [`${name}...`];
    return [optional ? `[${name}]` : name];
  });
}

/** `--mtu #0` with `<BYTES> otherwise …`. */
function flagOf(definition: string, description: string): FlagSyntax {
  const names = definition.split(' ')[0]?.split(',') ?? [];
  const [, value, rest] = /^<([^>]+)>\s+(.*)$/s.exec(description) ?? [];
  return { names, ...(value === undefined ? {} : { value }), description: (rest ?? description).trim() };
}

/** Commands have a usage each, so that definitions and registrations stand in one order. */
export function syntaxOf(
  cli: Cli<KctlContext>,
  commands: readonly { readonly paths?: string[][]; new (): unknown }[],
): CommandSyntax[] {
  const definitions = cli.definitions();
  return commands.map((command, index) => {
    const paths = command.paths ?? [];
    const definition = definitions[index];
    const [path = []] = paths;
    return {
      paths,
      category: definition?.category?.trim() ?? '',
      description: definition?.description?.trim() ?? '',
      ...(definition?.details === undefined ? {} : { details: definition.details.trim() }),
      examples: (definition?.examples ?? []).map(([label, line]) => [label.trim(), line] as const),
      positionals: positionalsOf(definition?.usage ?? '', path),
      flags: (definition?.options ?? []).map((option) => flagOf(option.definition, option.description ?? '')),
    };
  });
}

/** Words of a command line before its first flag. */
export function leadingWords(argv: readonly string[]): string[] {
  const end = argv.findIndex((word) => word.startsWith('-'));
  return argv.slice(0, end === -1 ? argv.length : end);
}

function isPrefix(path: readonly string[], words: readonly string[]): boolean {
  return path.every((word, at) => words[at] === word);
}

/** The command whose path the words begin with; the longest, when there are several. */
export function findCommand(all: readonly CommandSyntax[], words: readonly string[]): CommandSyntax | undefined {
  const fits = all.flatMap((command) =>
    command.paths.filter((path) => isPrefix(path, words)).map((path) => ({ command, length: path.length })),
  );
  return fits.sort((a, b) => b.length - a.length)[0]?.command;
}

/** Commands whose path begins with the words: `create` has four. */
export function commandsBelow(all: readonly CommandSyntax[], words: readonly string[]): CommandSyntax[] {
  return all.filter((command) => command.paths.some((path) => isPrefix(words, path)));
}
