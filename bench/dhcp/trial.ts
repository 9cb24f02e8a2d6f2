import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Sample } from '../support/row.ts';
import type { Workplace } from '../support/workplace.ts';
import { type ClientReport, generate, type Load } from './generator.ts';
import { cpuMicroseconds, residentBytes } from './process-cost.ts';
import { type Segment, withSegment } from './segment.ts';
import type { RunningServer, ServerKind } from './servers/server.ts';

export interface Trial {
  readonly kind: ServerKind;
  /** Leases there are before anything is measured. */
  readonly leases: number;
  /** Clients, beyond those, that are served before: what a program does first is not what it goes on doing. */
  readonly warmUp: number;
}

/** A server that runs, on a segment of its own. */
export interface Bench {
  readonly workplace: Workplace;
  readonly segment: Segment;
  readonly server: RunningServer;
  /** The number of the first client that is not known yet. */
  readonly fresh: number;
  /** Bytes, when it had started and nothing else. */
  readonly residentAtStart: number;
}

/** Runs `use` with a fresh server that has its leases, and takes everything away again. */
export async function withServer<T>(
  workplace: Workplace,
  { kind, leases, warmUp }: Trial,
  use: (bench: Bench) => Promise<T>,
): Promise<T> {
  // Where the checkout is, because leases are synced and a temporary folder may be in memory.
  const directory = mkdtempSync(path.join(workplace.folder, 'dhcp-'));
  try {
    return await withSegment(workplace, async (segment) => {
      await using server = await kind.start(segment, directory, leases);
      const residentAtStart = residentBytes(server.pid);
      const before = (kind.preloads ? 0 : leases) + warmUp;
      if (before > 0) await generate(workplace, segment, { clients: before, seconds: 120 });
      return await use({ workplace, segment, server, fresh: before, residentAtStart });
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export interface Served extends ClientReport {
  readonly rate: number;
  /** Of the server, for one exchange: four messages, or two of a renewal. */
  readonly cpuMicroseconds: number;
  readonly residentMegabytes: number;
}

export async function serve({ workplace, segment, server, fresh }: Bench, load: Load): Promise<Served> {
  const before = cpuMicroseconds(server.pid);
  const report = await generate(workplace, segment, { first: fresh, ...load });
  const spent = cpuMicroseconds(server.pid) - before;
  return {
    ...report,
    rate: report.acks / report.seconds,
    cpuMicroseconds: spent / (report.acks + report.renewals),
    residentMegabytes: residentBytes(server.pid) / 1e6,
  };
}

/** A figure, with all that was seen beside it for the JSON report. */
export function sampleOf(value: number, served: Served): Sample {
  const { latency, timeouts, badChecksums, cpuMicroseconds: cpu, residentMegabytes: rss, acks } = served;
  return { value, more: { acks, p50: latency.p50, p99: latency.p99, timeouts, badChecksums, cpu, rss } };
}
