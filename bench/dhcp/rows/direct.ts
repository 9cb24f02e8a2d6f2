import type { RowFactory } from '../../support/bench.ts';
import type { Contestant, Target } from '../../support/row.ts';
import type { Workplace } from '../../support/workplace.ts';
import { findServers } from '../contestants.ts';
import { MAX_CLIENTS } from '../generator.ts';
import type { ServerKind } from '../servers/server.ts';
import { sampleOf, serve, type Trial, withServer } from '../trial.ts';

/** Enough that a just-in-time compiler has seen it all; the same for who has none. */
const WARM_UP = 4000;
const SECONDS = 2;
/** dnsmasq gets slower with each lease: not warmed up, and its first second only, which is its best. */
const DNSMASQ_SECONDS = 1;
/** With many leases a client waits for longer than that. */
const DNSMASQ_LOADED_SECONDS = 6;
const LOADED = 10_000;

const KEA: Target = { must: 3, aim: 4 };

interface Direct {
  readonly trial: Trial;
  readonly seconds: number;
  readonly broadcast: boolean;
  readonly timed: string;
  readonly target?: Target;
}

function contestant(workplace: Workplace, { trial, seconds, broadcast, timed, target }: Direct): Contestant {
  return {
    name: trial.kind.name,
    timed,
    ...(trial.kind.missing === undefined ? {} : { missing: trial.kind.missing }),
    ...(target === undefined ? {} : { target }),
    run: () =>
      withServer(workplace, trial, async (bench) => {
        const served = await serve(bench, { clients: MAX_CLIENTS - 1000 - bench.fresh, seconds, broadcast });
        // Nothing can be compared with nothing.
        if (served.acks === 0) throw new Error(`nobody was served within ${seconds} s`);
        return sampleOf(served.rate, served);
      }),
  };
}

function direct(broadcast: boolean, leases: number, dnsmasqTarget?: Target): RowFactory {
  const flag = broadcast ? 'set' : 'clear';
  const name = `direct-${flag}${leases === 0 ? '' : `-${leases}`}`;
  return async (workplace, scale) => {
    const { ours, kea, dnsmasq } = findServers();
    const loaded = Math.round(leases * scale);
    const warmUp = Math.round(WARM_UP * scale);
    const of = (kind: ServerKind, timed: string, target?: Target): Contestant =>
      contestant(workplace, {
        trial: { kind, leases: loaded, warmUp },
        seconds: SECONDS * scale,
        broadcast,
        timed,
        ...(target === undefined ? {} : { target }),
      });
    const slow = (target: Target): Contestant =>
      contestant(workplace, {
        trial: { kind: dnsmasq, leases: loaded, warmUp: 0 },
        seconds: leases === 0 ? DNSMASQ_SECONDS : DNSMASQ_LOADED_SECONDS,
        broadcast,
        timed: 'lease file written anew and synced before each ACK',
        target,
      });
    return {
      name,
      title: `fresh clients, broadcast flag ${flag}, 64 under way, ${leases === 0 ? 'from empty' : `${loaded} leases loaded`}`,
      unit: 'DORA/s',
      compare: 'rate',
      contestants: [
        of(ours, 'leases synced before each ACK'),
        of(kea, 'leases written, never synced', KEA),
        ...(dnsmasqTarget === undefined ? [] : [slow(dnsmasqTarget)]),
      ],
    };
  };
}

/** As virtual machines ask. dnsmasq is not in it: here it stops at 1,024 clients, which fill the neighbour table. */
export const directClear = direct(false, 0);
export const directSet = direct(true, 0, { must: 20, aim: 30 });
export const directLoaded = direct(true, LOADED, { must: 200, aim: 300 });
