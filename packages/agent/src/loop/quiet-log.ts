import { type Logger, pino } from 'pino';

/** A log that nobody reads, for embedders and tests that have none of their own. */
export function quietLog(): Logger {
  return pino({ level: 'silent' });
}
