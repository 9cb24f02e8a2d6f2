import type { RowFactory } from '../../support/bench.ts';
import type { Contestant, Sample, Target } from '../../support/row.ts';
import type { Workplace } from '../../support/workplace.ts';
import { findServers } from '../contestants.ts';
import { findRivals, libraryPath, type Rivals } from '../rivals.ts';
import { SUBNET } from '../segment.ts';
import type { ServerKind } from '../servers/server.ts';
import { type Bench, withServer } from '../trial.ts';

const WARM_UP = 4000;
const SECONDS = 3;
/** DISCOVERs a second. What perfdhcp can do is not far above, so that no server shows here how much faster it is. */
const OFFERED = 6000;
const DNSMASQ_OFFERED = 500;

/** perfdhcp prints both exchanges with the same words; the second time is REQUEST-ACK. */
function acknowledged(output: string): { readonly acks: number; readonly discovers: number } {
  const [discovers = 0] = numbers(output, /^sent packets: (\d+)$/gm);
  const received = numbers(output, /^received packets: (\d+)$/gm);
  return { acks: received.at(-1) ?? 0, discovers };
}

function numbers(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].map(([, digits]) => Number(digits));
}

async function relay(
  { workplace, segment }: Bench,
  { packages = '', perfdhcp = '' }: Rivals,
  rate: number,
  seconds: number,
): Promise<Sample> {
  const { stdout } = await workplace.run(
    [
      // Its exit status says that some requests were not answered, which is what is measured.
      ...['sh', '-c', 'LD_LIBRARY_PATH="$1"; export LD_LIBRARY_PATH; shift; "$@"; true', 'sh', libraryPath(packages)],
      // -B here changes the destination only, not the flag; -u checks that no address is given twice.
      ...[perfdhcp, '-4', '-r', String(rate), '-R', '60000', '-p', String(seconds), '-W', '500000', '-u'],
      ...['-l', 'eth0', '-L', '67', SUBNET.server],
    ],
    { netns: segment.clients },
  );
  const { acks, discovers } = acknowledged(stdout);
  const [duplicates = 0] = numbers(stdout, /non unique addresses: (\d+)/g);
  if (duplicates > 0) throw new Error(`${duplicates} addresses were given twice`);
  return { value: acks / seconds, more: { offered: rate, unanswered: 1 - acks / Math.max(discovers, 1) } };
}

/** What perfdhcp gets answered of what it offers; it is a relay agent, whatever its options say. */
export const relayed: RowFactory = async (workplace: Workplace, scale) => {
  const rivals = findRivals();
  const { ours, kea, dnsmasq } = findServers();
  const of = (kind: ServerKind, rate: number, warmUp: number, target?: Target): Contestant => ({
    name: kind.name,
    timed: `of ${rate} offered a second`,
    ...(rivals.perfdhcp === undefined ? { missing: rivals.why } : {}),
    ...(target === undefined ? {} : { target }),
    run: () =>
      withServer(workplace, { kind, leases: 0, warmUp }, (bench) =>
        relay(bench, rivals, rate, Math.max(1, Math.round(SECONDS * scale))),
      ),
  });
  return {
    name: 'relay',
    title: 'perfdhcp, through a relay agent',
    unit: 'DORA/s',
    compare: 'rate',
    contestants: [
      of(ours, OFFERED, Math.round(WARM_UP * scale)),
      of(kea, OFFERED, Math.round(WARM_UP * scale)),
      of(dnsmasq, DNSMASQ_OFFERED, 0),
    ],
  };
};
