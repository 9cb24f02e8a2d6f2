import type { RowFactory } from '../../support/bench.ts';
import type { Contestant } from '../../support/row.ts';
import { findServers } from '../contestants.ts';
import type { ServerKind } from '../servers/server.ts';
import { serve, withServer } from '../trial.ts';

/** dnsmasq's own limit is the neighbour table, 1,024 entries; others renew for all they have. */
const CLIENTS = 6000;
const DNSMASQ_CLIENTS = 500;
const SECONDS = 1.5;

/** Clients that go on: a unicast REQUEST with ciaddr, an ACK. */
export const renewals: RowFactory = async (workplace, scale) => {
  const { ours, kea, dnsmasq } = findServers();
  const of = (kind: ServerKind, clients: number): Contestant => ({
    name: kind.name,
    timed: `${clients} clients in turn`,
    ...(kind.missing === undefined ? {} : { missing: kind.missing }),
    run: () =>
      withServer(workplace, { kind, leases: 0, warmUp: 0 }, async (bench) => {
        const served = await serve(bench, {
          clients,
          seconds: 60,
          broadcast: true,
          renewClients: clients,
          renewSeconds: SECONDS * scale,
        });
        const { renewals: renewed, renewSeconds, renewLatency, timeouts } = served;
        return { value: renewed / renewSeconds, more: { p50: renewLatency.p50, p99: renewLatency.p99, timeouts } };
      }),
  });
  return {
    name: 'renewals',
    title: 'renewals by unicast, 64 under way',
    unit: '1/s',
    compare: 'rate',
    contestants: [
      of(ours, Math.round(CLIENTS * scale)),
      of(kea, Math.round(CLIENTS * scale)),
      of(dnsmasq, Math.round(DNSMASQ_CLIENTS * scale)),
    ],
  };
};
