/** The few colours used: 31 red, 32 green, 33 yellow. */
type Colour = 'red' | 'green' | 'yellow';

const codes: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33 };

export function coloured(colour: Colour, text: string): string {
  return `\u001b[${codes[colour]}m${text}\u001b[39m`;
}

/** The colour of a state word; words that say nothing good or bad stay plain. */
export function colouredState(text: string): string {
  switch (text.trim()) {
    case 'ready':
    case 'running':
      return coloured('green', text);
    case 'error':
    case 'failed':
      return coloured('red', text);
    case 'unknown':
    case 'pending':
    case 'starting':
    case 'stopping':
      return coloured('yellow', text);
    default:
      return text;
  }
}

/** Colours are for people at a terminal: never into a pipe or file, and never where NO_COLOR is set (no-color.org). */
export function coloursWanted(stream: object, env: Env): boolean {
  return isTerminal(stream, env) && (env['NO_COLOR'] ?? '') === '';
}

type Env = Readonly<Record<string, string | undefined>>;

/** Whether a person looks at it, at something that understands control sequences. */
export function isTerminal(stream: object, env: Env): boolean {
  return 'isTTY' in stream && stream.isTTY === true && env['TERM'] !== 'dumb';
}
