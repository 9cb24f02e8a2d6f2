import type { Clock } from '../../model/clock.ts';
import type { ConsoleLog } from './console-log.ts';

/** `Cloud-init v. 22.4.2 finished at …`: its last words by default, on the console of every cloud image. */
const FINISHED = /Cloud-init v\. \S{1,64} finished at /;
/** A line may be cut by the end of what was read: this much of it is looked at again, characters. */
const OVERLAP = 128;
/** While it is to be expected, milliseconds. */
const SOON_MILLISECONDS = 500;
/** Of a guest that is ready, or has been up for so long that it has no cloud-init. */
const LATER_MILLISECONDS = 5_000;
const EXPECTED_MILLISECONDS = 15 * 60_000;

export interface ReadinessOptions {
  readonly log: ConsoleLog;
  readonly clock: Clock;
  readonly isReady: () => boolean;
  readonly onReady: () => Promise<void>;
  /** Done at each look. */
  readonly tidy: () => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Reads a guest's console for the end of its cloud-init, and keeps its log within bounds, until the signal aborts.
 * It begins with what was said since the guest booted, so that nothing is missed while the agent is away.
 */
export async function watchReadiness(options: ReadinessOptions): Promise<void> {
  const { log, clock, signal } = options;
  const begun = clock.monotonic();
  const place = { at: log.begin, rest: '' };
  while (!signal.aborted) {
    // What a guest does to its own log is no reason to look after it no more.
    await lookOnce(options, place).catch(() => {});
    const soon = !options.isReady() && clock.monotonic() - begun < EXPECTED_MILLISECONDS;
    await clock.sleep(soon ? SOON_MILLISECONDS : LATER_MILLISECONDS, signal).catch(() => {});
  }
}

async function lookOnce(options: ReadinessOptions, place: { at: number; rest: string }): Promise<void> {
  const { log } = options;
  if (options.isReady()) place.at = await log.end();
  if (place.at < log.begin) {
    // It booted again since.
    place.at = log.begin;
    place.rest = '';
  }
  for (let more = !options.isReady(); more; ) {
    const { at, bytes } = await log.read(place.at);
    const text = place.rest + Buffer.from(bytes).toString('latin1');
    place.at = at + bytes.length;
    place.rest = text.slice(-OVERLAP);
    if (FINISHED.test(text)) await options.onReady();
    more = bytes.length > 0 && !options.isReady();
  }
  await log.bound();
  await options.tidy();
}
