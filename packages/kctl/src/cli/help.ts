import { BINARY, type CommandSyntax, commandsBelow, type FlagSyntax, findCommand } from './syntax.ts';

const WIDTH = 100;

/** Lines of at most {@link WIDTH} characters; words are never cut. */
function wrap(text: string, indent: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    if (last === undefined || indent + last.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line) => `${' '.repeat(indent)}${line}`);
}

/** Two columns; the right one is wrapped and stays in its place. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length)) + 4;
  return rows.flatMap(([left, right]) => {
    const [first = '', ...more] = wrap(right, width);
    return [`  ${left.padEnd(width - 2)}${first.trimStart()}`, ...more];
  });
}

function pathOf({ paths }: CommandSyntax): string {
  return [BINARY, ...(paths[0] ?? [])].join(' ');
}

function flagText({ names, value }: FlagSyntax): string {
  const short = names.some((name) => /^-[a-z]$/.test(name)) ? '' : '    ';
  return `${short}${names.join(', ')}${value === undefined ? '' : ` ${value}`}`;
}

function usageLine(command: CommandSyntax): string {
  return [pathOf(command), ...command.positionals, ...(command.flags.length > 0 ? ['[flags]'] : [])].join(' ');
}

/** Flags that most commands share stand last: whoever asks for help looks for the command's own. */
const SHARED = new Set(['--output', '--context', '--timeout']);

function ownFirst(flags: readonly FlagSyntax[]): FlagSyntax[] {
  const shared = ({ names }: FlagSyntax): boolean => names.some((name) => SHARED.has(name));
  return [...flags.filter((flag) => !shared(flag)), ...flags.filter(shared)];
}

/** Everything about one command. */
export function commandHelp(command: CommandSyntax): string[] {
  const aliases = command.paths.slice(1).map((path) => [BINARY, ...path].join(' '));
  const examples = command.examples.flatMap(([label, line]) => [
    ...(label === '' ? [] : [`  ${label}:`]),
    `  $ ${line.replaceAll('$0', BINARY)}`,
    '',
  ]);
  return [
    command.description,
    '',
    'Usage:',
    `  ${usageLine(command)}`,
    ...aliases.map((alias) => `  ${alias}`),
    ...(command.flags.length === 0
      ? []
      : ['', 'Flags:', ...columns(ownFirst(command.flags).map((flag) => [flagText(flag), flag.description]))]),
    ...(command.details === undefined ? [] : ['', ...wrap(command.details, 0)]),
    ...(examples.length === 0 ? [] : ['', 'Examples:', ...examples.slice(0, -1)]),
  ];
}

/** The commands in groups, with what each does. */
function commandList(all: readonly CommandSyntax[]): string[] {
  const categories = [...new Set(all.map(({ category }) => category))];
  return categories.flatMap((category) => [
    '',
    `${category}:`,
    ...columns(
      all.filter((command) => command.category === category).map((command) => [pathOf(command), command.description]),
    ),
  ]);
}

/** What `kctl` alone says. */
export function overview(all: readonly CommandSyntax[], version: string): string[] {
  return [
    `kctl ${version}: networks for virtual machines on plain Linux hosts`,
    '',
    'Usage:',
    `  ${BINARY} COMMAND [flags]`,
    ...commandList(all),
    '',
    'Try it on this machine (needs root):',
    '  $ kctl lab up --detach',
    '  $ kctl create network private --type vxlan --gateway-ip 10.250.0.1 --internal-netmask 255.255.255.0',
    '  $ kctl create vm web-01 --network private --image ubuntu-24.04 --cpus 2 --memory 4096',
    '  $ kctl get vms',
    '',
    'Flags that every command for a cluster takes:',
    ...columns([
      ['--context NAME', 'which cluster; otherwise $KCORE_CONTEXT, then the current context'],
      ['-o FORMAT', 'json, yaml, name; lists also table and wide'],
      ['--timeout TIME', 'how long to wait for the controller (30s)'],
    ]),
    '',
    `${BINARY} COMMAND --help says more about one command.`,
  ];
}

/** Help for the words of a command line; undefined when no command begins so. */
export function helpFor(
  all: readonly CommandSyntax[],
  words: readonly string[],
  version: string,
): string[] | undefined {
  if (words.length === 0) return overview(all, version);
  const command = findCommand(all, words);
  if (command !== undefined) return commandHelp(command);
  const below = commandsBelow(all, words);
  return below.length === 0 ? undefined : ['Usage:', `  ${[BINARY, ...words].join(' ')} …`, ...commandList(below)];
}
