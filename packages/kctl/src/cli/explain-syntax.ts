import { didYouMean } from '@kcore/contract';
import { UsageProblem } from './report.ts';
import { BINARY, type CommandSyntax, commandsBelow, findCommand, leadingWords } from './syntax.ts';

/** Says in our words what the parser did not understand, with what was probably meant. */
export function explainSyntax(all: readonly CommandSyntax[], argv: readonly string[], error: unknown): UsageProblem {
  const words = leadingWords(argv);
  const command = findCommand(all, words);
  if (command === undefined) return unknownCommand(all, words, argv);
  const path = [BINARY, ...(command.paths.find((one) => one.every((word, at) => words[at] === word)) ?? [])].join(' ');
  return new UsageProblem(problemOf(command, path, argv, reasonOf(error)), `see '${path} --help'`);
}

function unknownCommand(
  all: readonly CommandSyntax[],
  words: readonly string[],
  argv: readonly string[],
): UsageProblem {
  const help = `see '${BINARY} --help'`;
  const typed = words.join(' ');
  if (words.length === 0) return new UsageProblem(`unknown flag '${argv[0] ?? ''}' without a command`, help);
  const below = commandsBelow(all, words);
  if (below.length > 0) {
    const next = [...new Set(below.flatMap(({ paths }) => paths.map((path) => path[words.length] ?? '')))];
    return new UsageProblem(
      `'${BINARY} ${typed}' needs to know what: ${next.join(', ')}`,
      `see '${BINARY} ${typed} --help'`,
    );
  }
  const paths = all.flatMap((one) => one.paths.map((path) => path.join(' ')));
  // A name after the command's words must not keep the command from being recognized.
  const guesses = [3, 2, 1].map((count) => didYouMean(words.slice(0, count).join(' '), paths));
  const firsts = didYouMean(words[0] ?? '', new Set(paths.map((path) => path.split(' ')[0] ?? '')));
  const guess = guesses.find((text) => text !== '') ?? firsts;
  return new UsageProblem(`unknown command '${BINARY} ${words.slice(0, 3).join(' ')}'${guess}`, help);
}

/** clipanion's own reason: `Not enough positional arguments.` and the like. */
function reasonOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'candidates' in error && Array.isArray(error.candidates)) {
    const reasons = error.candidates.map((candidate: { reason?: unknown }) => candidate.reason);
    const [reason] = reasons.filter((one): one is string => typeof one === 'string');
    if (reason !== undefined) return reason;
  }
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
}

function problemOf(command: CommandSyntax, path: string, argv: readonly string[], reason: string): string {
  const known = ['-h', '--help', ...command.flags.flatMap(({ names }) => names)];
  const unknown = argv.map((word) => word.split('=')[0] ?? word).find((word) => isFlag(word) && !known.includes(word));
  if (unknown !== undefined && /option|flag/i.test(reason)) {
    const value = valueLessFlag(reason);
    if (value === undefined) return `unknown flag '${unknown}' of '${path}'${didYouMean(unknown, known)}`;
  }
  const flag = valueLessFlag(reason);
  if (flag !== undefined) return `flag '${flag}' needs a value`;
  const [, extra] = /Extraneous positional argument \("(.*)"\)/.exec(reason) ?? [];
  if (extra !== undefined) return `unexpected argument '${extra}' of '${path}'`;
  if (/Not enough positional/.test(reason)) return `'${path}' needs ${command.positionals.join(' ')}`;
  return `cannot understand '${[BINARY, ...argv].join(' ')}': ${reason}`;
}

function isFlag(word: string): boolean {
  return /^--?[A-Za-z]/.test(word);
}

function valueLessFlag(reason: string): string | undefined {
  return /Not enough arguments to option (\S+?)\.?$/.exec(reason)?.[1];
}
