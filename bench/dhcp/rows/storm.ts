import type { RowFactory } from '../../support/bench.ts';
import { findServers } from '../contestants.ts';
import { serve, withServer } from '../trial.ts';

const MACHINES = 1500;
/** The generator's largest window; the rest follows as soon as one is done. */
const WINDOW = 1024;
const SECONDS = 20;

/** Machines that boot for the first time, all at once, with the broadcast flag clear: how many have an address after 20 s. */
export const storm: RowFactory = async (workplace, scale) => {
  const { ours, kea, dnsmasq } = findServers();
  const machines = Math.round(MACHINES * scale);
  return {
    name: 'storm',
    title: `${machines} fresh clients at once, broadcast flag clear: how many are served within ${SECONDS} s`,
    unit: 'clients',
    compare: 'rate',
    contestants: [ours, kea, dnsmasq].map((kind) => ({
      name: kind.name,
      timed: 'from a cold start',
      ...(kind.missing === undefined ? {} : { missing: kind.missing }),
      run: () =>
        withServer(workplace, { kind, leases: 0, warmUp: 0 }, async (bench) => {
          const served = await serve(bench, { clients: machines, seconds: SECONDS, window: WINDOW });
          const { acks, seconds, timeouts, latency } = served;
          return { value: acks, more: { seconds, timeouts, p50: latency.p50, max: latency.max } };
        }),
    })) as [never, ...never[]],
  };
};
