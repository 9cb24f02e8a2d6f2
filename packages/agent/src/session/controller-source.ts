import { type Channel, closeCodes, KcoreError, Peer, type Result } from '@kcore/contract';
import type { Logger } from 'pino';
import type { Clock } from '../model/clock.ts';
import { backoffMilliseconds, refusedMilliseconds } from './backoff.ts';
import { createIntake, type Intake, SpecMismatchError } from './intake.ts';
import { reportStatus } from './report.ts';
import type { SpecSink, SpecSource } from './source.ts';

/** Versions of the protocol that this agent speaks. */
const PROTOCOLS = [1];
/** A session that held this long was a good one: the next try comes soon. */
const GOOD_MILLISECONDS = 10_000;

export interface ControllerSourceOptions {
  /** One connection to the controller, authenticated both ways. */
  readonly dial: (signal: AbortSignal) => Promise<Channel>;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1), for the backoff's jitter. */
  readonly random: () => number;
  readonly farEnd?: () => string | undefined;
}

/** The controller as the source: connects, resumes from the revision on disk, reports status, and never gives up. */
export function createControllerSource(options: ControllerSourceOptions): SpecSource {
  return {
    ...(options.farEnd === undefined ? {} : { farEnd: options.farEnd }),
    async run(sink, signal) {
      const state = { attempt: 0, snapshot: false };
      while (!signal.aborted) {
        const begun = options.clock.monotonic();
        const ended = await session(options, sink, state.snapshot, signal);
        if (signal.aborted) return;
        state.attempt = options.clock.monotonic() - begun > GOOD_MILLISECONDS ? 0 : state.attempt + 1;
        state.snapshot = ended.error instanceof SpecMismatchError;
        const wait = ended.refused
          ? refusedMilliseconds(options.random)
          : backoffMilliseconds(state.attempt, options.random);
        logEnd(options.log, ended, wait);
        await options.clock.sleep(wait, signal).catch(() => {});
      }
    },
  };
}

interface Ended {
  readonly error: unknown;
  /** The controller, or we, do not accept the other's certificate. */
  readonly refused: boolean;
}

/** One connection from dialling to its end. Never rejects. */
async function session(
  options: ControllerSourceOptions,
  sink: SpecSink,
  wantSnapshot: boolean,
  signal: AbortSignal,
): Promise<Ended> {
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  try {
    const peer = new Peer(await options.dial(signal), {
      onProblem: (event, err) => options.log.warn({ err, event }, 'session problem'),
    });
    peer.serve(sink.calls);
    const closePeer = (): void => peer.close(closeCodes.goingAway, 'the agent stops');
    signal.addEventListener('abort', closePeer, { once: true });
    try {
      return await converse(options, sink, peer, wantSnapshot, until);
    } finally {
      signal.removeEventListener('abort', closePeer);
      over.abort();
      peer.close();
    }
  } catch (error) {
    return { error, refused: isRefusal(error) };
  }
}

async function converse(
  { log, clock }: ControllerSourceOptions,
  sink: SpecSink,
  peer: Peer,
  wantSnapshot: boolean,
  signal: AbortSignal,
): Promise<Ended> {
  const spec = wantSnapshot ? undefined : sink.held();
  const held = spec === undefined ? undefined : { epoch: spec.epoch, revision: spec.revision };
  const failed = new Promise<Ended>((resolve) => {
    const fail = (error: unknown): void => resolve({ error, refused: isRefusal(error) });
    takeChanges(peer, createIntake(held), sink, fail);
    void open(sink, peer, held)
      .then((opened) => {
        log.info({ epoch: opened.epoch, revision: opened.revision, held: held?.revision }, 'session open');
        return reportStatus(sink.status, (report) => peer.call('session.report', report), clock, signal);
      })
      .catch(fail);
  });
  const closed = peer.closed.then(({ code, reason }) => ({
    error: new KcoreError('Unavailable', `the session ended: ${reason === '' ? `code ${code}` : reason}`),
    // Two agents with one node's certificate would otherwise throw each other out without a pause.
    refused: code === closeCodes.denied || code === closeCodes.replaced,
  }));
  return await Promise.race([failed, closed]);
}

function open(
  sink: SpecSink,
  peer: Peer,
  held: { readonly epoch: string; readonly revision: number } | undefined,
): Promise<Result<'session.open'>> {
  return peer.call('session.open', { node: sink.node, protocols: PROTOCOLS, ...held, facts: sink.facts() });
}

/** Writes what comes, one write at a time; what comes during a write is gathered for the next. */
function takeChanges(peer: Peer, intake: Intake, sink: SpecSink, fail: (error: unknown) => void): void {
  const state = { writing: false };
  const drain = async (): Promise<void> => {
    if (state.writing) return;
    state.writing = true;
    for (let write = intake.take(); write !== undefined; write = intake.take()) await sink.write(write);
    state.writing = false;
  };
  peer.onNotification('spec.change', (change) => {
    try {
      intake.accept(change);
      drain().catch(fail);
    } catch (error) {
      fail(error);
    }
  });
}

/** Whether one side does not accept the other's certificate, wherever in the chain of causes that is said. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof KcoreError && (error.code === 'PermissionDenied' || error.code === 'Unauthenticated'))
    return true;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return /CERT|TLS|SSL|SELF_SIGNED/.test(code) || isRefusal(error.cause);
}

function logEnd(log: Logger, { error, refused }: Ended, wait: number): void {
  const retryMilliseconds = Math.round(wait);
  // What is expected to happen needs no stack; everything else does.
  const fields = error instanceof KcoreError ? { reason: error.message, code: error.code } : { err: error };
  const all = { ...fields, retryMilliseconds };
  if (error instanceof SpecMismatchError)
    log.error(all, 'the controller sent what does not follow; asking for all of it');
  else if (refused)
    log.error(all, 'certificate refused; check tls.ca, tls.cert and tls.key, and that the node is registered');
  else log.warn(all, 'controller away; the node goes on with what it was told');
}
