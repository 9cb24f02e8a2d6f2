import { invalidArgument } from '@kcore/contract';

/** A whole number of a flag; its range is the controller's to judge. */
export function parseInteger(flag: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw invalidArgument(`${flag}: '${text}' is not a whole number`, { field: flag });
  return Number(text);
}

export function parsePort(flag: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) {
    throw invalidArgument(`${flag}: '${text}' is not a port (1 to 65535)`, { field: flag });
  }
  return port;
}

const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds of `30`, `30s`, `5m`, `12h` or `1d`. */
export function parseSeconds(flag: string, text: string): number {
  const [, digits, unit] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? [];
  const seconds = Number(digits) * (SECONDS[unit ?? ''] ?? 1);
  if (digits === undefined || seconds === 0) {
    throw invalidArgument(`${flag}: '${text}' is not a length of time (for example 30s, 5m or 12h)`, { field: flag });
  }
  return seconds;
}
