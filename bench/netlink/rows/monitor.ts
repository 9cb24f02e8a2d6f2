import { once } from 'node:events';
import type { Contestant, Row } from '../../support/row.ts';
import { type Found, missingOf, pathOf } from '../../support/tools.ts';
import { selfTimed, type Workplace } from '../../support/workplace.ts';
import { cRival, goRival, ours, worker } from '../rivals.ts';
import { VXLAN } from './bulk.ts';

/** Microseconds between chunks of some 40 events, so that a reader with a small buffer keeps up as well. */
const PAUSE_US = 3000;

export async function monitor(workplace: Workplace, scale: number): Promise<Row> {
  const count = Math.ceil(20_000 * scale);
  const [go, producer] = await Promise.all([goRival(), cRival('fdb')]);
  const contestant = (name: string, found: Found, args: readonly string[]): Contestant => ({
    name,
    timed:
      'processor time of the reading process from its subscription to the last event, all threads, user and kernel',
    ...missingOf('missing' in found ? found : producer),
    run: () =>
      workplace.inNetns('monitor', VXLAN, async (netns) => {
        const reader = workplace.start([pathOf(found), ...args, 'monitor', String(count)], { netns });
        if (reader.child.stdout === null) throw new Error('no standard output');
        await once(reader.child.stdout, 'data');
        const [ran] = await Promise.all([
          reader.ended,
          workplace.run([pathOf(producer), 'vx', String(count), '2048', String(PAUSE_US)], { netns }),
        ]);
        const { ms } = selfTimed(ran);
        return { value: ms, more: { eventsPerProcessorSecond: (count / ms) * 1e3 } };
      }),
  });
  return {
    name: 'monitor',
    title: `${count} forwarding events received and decoded`,
    unit: 'ms',
    compare: 'times',
    contestants: [contestant('@kcore/netlink', ours, [worker]), contestant('Go, vishvananda/netlink', go, [])],
  };
}
