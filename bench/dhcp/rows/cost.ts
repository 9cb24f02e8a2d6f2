import type { RowFactory } from '../../support/bench.ts';
import type { Contestant, Row, Sample } from '../../support/row.ts';
import { findServers } from '../contestants.ts';
import { MAX_CLIENTS } from '../generator.ts';
import { residentBytes } from '../process-cost.ts';
import { kcore } from '../servers/kcore.ts';
import type { ServerKind } from '../servers/server.ts';
import { type Bench, sampleOf, serve, type Trial, withServer } from '../trial.ts';

const WARM_UP = 4000;
const MANY = 60_000;

type Measure = (bench: Bench) => Promise<Sample>;

interface Cost extends Pick<Row, 'name' | 'title' | 'unit' | 'compare'> {
  readonly trial: Omit<Trial, 'kind'>;
  readonly measure: Measure;
  /** Whether others are measured as well. */
  readonly others: boolean;
  readonly target?: Contestant['target'];
}

function cost(make: (scale: number) => Cost): RowFactory {
  return async (workplace, scale) => {
    const { trial, measure, others, target, ...row } = make(scale);
    const of = (kind: ServerKind): Contestant => ({
      name: kind.name,
      timed: `${trial.leases} leases before, ${trial.warmUp} clients to warm up`,
      ...(kind.missing === undefined ? {} : { missing: kind.missing }),
      run: () => withServer(workplace, { kind, ...trial }, measure),
    });
    const first: Contestant = target === undefined ? of(kcore) : { ...of(kcore), target };
    if (!others) return { ...row, contestants: [first] };
    const { kea, dnsmasq } = findServers();
    return { ...row, contestants: [first, of(kea), of(dnsmasq)] };
  };
}

/** The slowest of a hundred, for the four messages together, under a load that is always as high as it can be. */
export const latency = cost((scale) => ({
  name: 'latency',
  title: 'latency of DISCOVER to ACK, 99th percentile, 64 fresh clients under way all the time',
  unit: 'ms',
  compare: 'alone',
  trial: { leases: 0, warmUp: Math.round(WARM_UP * scale) },
  others: false,
  target: { must: 10, aim: 5 },
  measure: async (bench) => {
    const served = await serve(bench, { clients: MAX_CLIENTS - 1000 - bench.fresh, seconds: 2 * scale });
    return sampleOf(served.latency.p99, served);
  },
}));

export const cpu = cost((scale) => ({
  name: 'cpu',
  title: 'processor time of the server for one DISCOVER to ACK, kernel included',
  unit: 'µs',
  compare: 'times',
  trial: { leases: 0, warmUp: 0 },
  others: true,
  measure: async (bench) => {
    const served = await serve(bench, { clients: MAX_CLIENTS - 1000, seconds: 2 * scale, broadcast: true });
    return sampleOf(served.cpuMicroseconds, served);
  },
}));

const resident: Measure = async ({ server }) => ({ value: residentBytes(server.pid) / 1e6 });

export const memoryEmpty = cost(() => ({
  name: 'memory',
  title: 'resident memory just started',
  unit: 'MB',
  compare: 'difference',
  trial: { leases: 0, warmUp: 0 },
  others: true,
  measure: resident,
}));

export const memoryMany = cost((scale) => ({
  name: 'memory-many',
  title: `resident memory with ${Math.round(MANY * scale)} leases`,
  unit: 'MB',
  compare: 'difference',
  trial: { leases: Math.round(MANY * scale), warmUp: 0 },
  others: true,
  measure: resident,
}));

/** Over the same process without a lease, with all that answering so many clients left behind. */
export const memoryGrowth = cost((scale) => ({
  name: 'memory-growth',
  title: `resident memory that ${Math.round(MANY * scale)} leases and giving them out take`,
  unit: 'MB',
  compare: 'alone',
  trial: { leases: Math.round(MANY * scale), warmUp: 0 },
  others: false,
  target: { must: 60, aim: 40 },
  measure: async ({ server, residentAtStart }) => ({
    value: (residentBytes(server.pid) - residentAtStart) / 1e6,
    more: { atStart: residentAtStart / 1e6 },
  }),
}));

/** Whether the last ten thousand leases of sixty take longer than the second ten thousand did. */
export const flat = cost((scale) => ({
  name: 'flat',
  title: 'time for leases 50,001 to 60,000, against that for 10,001 to 20,000',
  unit: '×',
  compare: 'alone',
  trial: { leases: 0, warmUp: 0 },
  others: false,
  target: { must: 1.25, aim: 1.1 },
  measure: async (bench) => {
    // Blocks of ten thousand do not scale.
    const served = await serve(bench, { clients: scale < 1 ? 20_000 : MANY, seconds: 60 });
    const [first = 0, second = 0] = served.blocks;
    const [before = first, last = second] = scale < 1 ? [] : served.blocks.slice(4);
    const more = Object.fromEntries(served.blocks.map((seconds, index) => [`block${index + 1}`, seconds]));
    return { value: (last - before) / (second - first), more };
  },
}));
