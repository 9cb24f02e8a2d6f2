import { didYouMean, invalidArgument } from '@kcore/contract';

export const OUTPUT_FORMATS = ['text', 'table', 'wide', 'dnsmasq', 'json', 'yaml', 'name'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

const MACHINE: readonly OutputFormat[] = ['json', 'yaml', 'name'];

/** @param forPeople the formats of this command beside json, yaml and name; the first is the default. */
export function parseFormat(text: string | undefined, forPeople: readonly OutputFormat[]): OutputFormat {
  const allowed = [...forPeople, ...MACHINE];
  const chosen = text === undefined ? forPeople[0] : allowed.find((format) => format === text);
  if (chosen !== undefined) return chosen;
  throw invalidArgument(`-o: '${text}' is not one of ${allowed.join(', ')}${didYouMean(text ?? '', allowed)}`, {
    field: '--output',
  });
}

/** One result in all its forms; only the one that is wanted is made. */
export interface Printable {
  /** For text, table, wide and dnsmasq. */
  readonly lines: (style: {
    readonly wide: boolean;
    readonly colours: boolean;
    readonly format: OutputFormat;
  }) => readonly string[];
  /** For json and yaml. */
  readonly data: () => unknown;
  /** `kind/name` each. */
  readonly names: () => readonly string[];
}

function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

/** The YAML writer is loaded only when YAML is asked for. */
export async function render(result: Printable, format: OutputFormat, colours: boolean): Promise<string> {
  switch (format) {
    case 'text':
    case 'table':
    case 'wide':
    case 'dnsmasq':
      return linesOf(result.lines({ wide: format === 'wide', colours, format }));
    case 'name':
      return linesOf(result.names());
    case 'json':
      return `${JSON.stringify(result.data(), undefined, 2)}\n`;
    case 'yaml': {
      const { stringify } = await import('yaml');
      return stringify(result.data(), { lineWidth: 0, aliasDuplicateObjects: false });
    }
  }
}
