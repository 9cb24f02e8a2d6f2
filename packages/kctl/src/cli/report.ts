import type { Writable } from 'node:stream';
import { type ErrorCode, errorCodes, KcoreError } from '@kcore/contract';
import { coloured, coloursWanted } from '../text/colour.ts';
import { printable } from '../text/table.ts';

/** Exit status of a command line that kctl does not understand. */
export const EXIT_USAGE = 2;

/** The command line itself is wrong; nothing was tried. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem';
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

interface Streams {
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Verdict {
  readonly code: ErrorCode | 'Usage';
  readonly exit: number;
  readonly remedy?: string;
}

function judge(error: unknown): Verdict {
  if (error instanceof UsageProblem) return { code: 'Usage', exit: EXIT_USAGE, remedy: error.remedy };
  if (!(error instanceof KcoreError)) {
    return { code: 'Internal', exit: errorCodes.Internal.exit, remedy: 'set KCORE_DEBUG=1 to see where it came from' };
  }
  const { remedy } = error.details;
  return { code: error.code, exit: errorCodes[error.code].exit, ...(typeof remedy === 'string' ? { remedy } : {}) };
}

/** Line breaks stay, other control characters do not: the text may come from another machine. */
function safe(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** Says on stderr what went wrong and what to do, and returns the exit status. */
export function reportError(error: unknown, streams: Streams): number {
  const { code, exit, remedy } = judge(error);
  const label = coloursWanted(streams.stderr, streams.env) ? coloured('red', 'Error:') : 'Error:';
  const message = error instanceof Error ? error.message : String(error);
  streams.stderr.write(`${label} ${code}: ${safe(message)}\n`);
  if (remedy !== undefined) streams.stderr.write(`Remedy: ${safe(remedy)}\n`);
  if (isSet(streams.env['KCORE_DEBUG'])) streams.stderr.write(causes(error));
  return exit;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0';
}

const CAUSES_MAX = 10;

/** The chain of causes with their stacks, for whoever looks for a bug. */
function causes(error: unknown): string {
  const chain: unknown[] = [];
  for (let at = error; at !== undefined && chain.length < CAUSES_MAX; at = (at as Error | null)?.cause) chain.push(at);
  return chain
    .map((cause) => `${safe(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause))}\n`)
    .join('');
}
