import path from 'node:path';
import { benchSources } from '../support/places.ts';
import { compileC, pathOf } from '../support/tools.ts';
import type { Workplace } from '../support/workplace.ts';
import type { Segment } from './segment.ts';

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What the clients saw, as generator.c prints it. */
export interface ClientReport {
  /** Fresh clients that were given an address. */
  readonly acks: number;
  readonly seconds: number;
  /** Requests repeated because a second went by without an answer. */
  readonly timeouts: number;
  readonly naks: number;
  /** Replies to no request of ours, for example to one that was repeated and is answered twice. */
  readonly foreign: number;
  /** Addresses given to a second client. */
  readonly duplicates: number;
  /** ACKs with another address than was offered. */
  readonly changed: number;
  /** Replies whose sum is not right in the frame: left to an offload. */
  readonly badChecksums: number;
  readonly renewals: number;
  readonly renewSeconds: number;
  readonly latency: Latency;
  readonly renewLatency: Latency;
  /** Seconds after which 10,000, 20,000 … clients had their address. */
  readonly blocks: readonly number[];
}

export interface Load {
  /** Clients under way at any time; 64 when absent. */
  readonly window?: number;
  /** Fresh clients at most. */
  readonly clients: number;
  /** The first one's number; a client's MAC follows from its number. */
  readonly first?: number;
  readonly seconds: number;
  /** The broadcast flag: the replies come to ff:ff:ff:ff:ff:ff instead of the client's MAC. */
  readonly broadcast?: boolean;
  /** How many of them renew by unicast afterwards, over and over, and for how long. */
  readonly renewClients?: number;
  readonly renewSeconds?: number;
}

/** Client numbers are below this. */
export const MAX_CLIENTS = 65_536;
const WINDOW = 64;

/**
 * Runs the clients. @throws when an address was given twice or changed between OFFER and ACK: a fast wrong answer is no
 * result.
 */
export async function generate(workplace: Workplace, segment: Segment, load: Load): Promise<ClientReport> {
  const program = pathOf(await compileC(path.join(benchSources, 'dhcp', 'generator.c'), ['-Wextra', '-Werror']));
  const {
    window = WINDOW,
    clients,
    first = 0,
    seconds,
    broadcast = false,
    renewClients = 500,
    renewSeconds = 0,
  } = load;
  const { stdout } = await workplace.run(
    [
      ...[program, 'eth0', `window=${window}`, `clients=${clients}`, `first=${first}`, `seconds=${seconds}`],
      ...[`broadcast=${broadcast ? 1 : 0}`, `renew-clients=${renewClients}`, `renew-seconds=${renewSeconds}`],
    ],
    { netns: segment.clients },
  );
  const report = JSON.parse(stdout) as ClientReport;
  const { duplicates, changed } = report;
  if (duplicates > 0 || changed > 0)
    throw new Error(`${duplicates} addresses were given twice, ${changed} changed between OFFER and ACK`);
  return report;
}
