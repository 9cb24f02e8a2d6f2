import { Cli } from 'clipanion';
import { commands } from './commands.ts';
import type { KctlContext } from './context.ts';
import { explainSyntax } from './explain-syntax.ts';
import { helpFor } from './help.ts';
import { reportError } from './report.ts';
import { BINARY, leadingWords, syntaxOf } from './syntax.ts';
import { kctlVersion } from './version.ts';

/** Flags that people write before the command, too: `kctl --context lab-lab get vms`. */
const LEADING = new Set(['--context', '--timeout', '-o', '--output']);

/** Moves such flags, with their values, behind the command, where the parser looks for them. */
export function commandFirst(argv: readonly string[]): string[] {
  const [first = '', second, ...rest] = argv;
  const [name = '', value] = first.split('=', 2);
  if (!LEADING.has(name)) return [...argv];
  if (value !== undefined) return [...commandFirst(argv.slice(1)), first];
  return second === undefined ? [...argv] : [...commandFirst(rest), first, second];
}

function asksForHelp(argv: readonly string[]): boolean {
  return argv.length === 0 || argv[0] === 'help' || argv.includes('--help') || argv.includes('-h');
}

/** Runs one command line and returns its exit status. Never throws, never ends the process. */
export async function runKctl(given: readonly string[], context: KctlContext): Promise<number> {
  const cli = Cli.from<KctlContext>([...commands], { binaryName: BINARY, enableColors: false });
  const argv = commandFirst(given);
  const syntax = syntaxOf(cli, commands);
  if (asksForHelp(argv)) {
    const words = leadingWords(argv[0] === 'help' ? argv.slice(1) : argv);
    const lines = helpFor(syntax, words, kctlVersion());
    if (lines === undefined) return reportError(explainSyntax(syntax, words, undefined), context);
    context.stdout.write(lines.map((line) => `${line}\n`).join(''));
    return 0;
  }
  let command: ReturnType<typeof cli.process>;
  try {
    command = cli.process(argv, context);
  } catch (error) {
    return reportError(explainSyntax(syntax, argv, error), context);
  }
  return (await command.execute()) ?? 0;
}
