import { once } from 'node:events';
import type { Contestant, Row, Sample } from '../../support/row.ts';
import { missingOf, pathOf } from '../../support/tools.ts';
import { selfTimed, type Workplace } from '../../support/workplace.ts';
import { cRival, ours, worker } from '../rivals.ts';

/** Resolves when the program says `ready`. */
async function ready(stdout: NodeJS.ReadableStream | null): Promise<void> {
  if (stdout === null) throw new Error('the program has no standard output');
  const [first] = (await once(stdout, 'data')) as [Buffer];
  if (!first.toString().startsWith('ready')) throw new Error(`the program said ${first.toString()}`);
}

/**
 * The event loop's worst lag while another process, in a namespace of its own, deletes a group of bridges: one request,
 * for which it holds RTNL all the time. How many bridges take the wanted time is learnt while measuring.
 */
export async function stall(workplace: Workplace, scale: number): Promise<Row> {
  const found = await cRival('hold');
  const wantedMs = 5000 * scale;
  let bridges = Math.ceil(300 * scale);

  const attempt = async (how: 'request' | 'idle'): Promise<Sample> =>
    workplace.inNetns('held', [], (theirs) =>
      workplace.inNetns('stall', [], async (mine) => {
        const node = workplace.start([pathOf(ours), worker, 'stall', how, String(wantedMs)], {
          netns: mine,
          openInput: true,
        });
        await ready(node.child.stdout);
        const holder = workplace.start([pathOf(found), String(bridges)], { netns: theirs });
        await ready(holder.child.stdout);
        node.child.stdin?.end('go\n');
        const [ran, held] = await Promise.all([node.ended, holder.ended]);
        const { ms, waitedMs = 0 } = selfTimed(ran);
        return { value: ms, more: { waitedMs, heldMs: selfTimed(held).ms } };
      }),
    );
  const measured = async (how: 'request' | 'idle'): Promise<Sample> => {
    for (;;) {
      const sample = await attempt(how);
      const held = sample.more?.['heldMs'] ?? 0;
      if (held >= wantedMs) return sample;
      bridges = Math.ceil(bridges * Math.max(1.1, (1.1 * wantedMs) / held));
    }
  };
  const contestant = (name: string, timed: string, how: 'request' | 'idle'): Contestant => ({
    name,
    timed,
    ...missingOf(found),
    ...(how === 'request' ? { target: { must: 50, aim: 20 } } : {}),
    run: () => measured(how),
  });
  return {
    name: 'stall',
    title: `worst lag of the event loop while another process holds RTNL for ${wantedMs / 1000} s`,
    unit: 'ms',
    compare: 'alone',
    contestants: [
      contestant(
        '@kcore/netlink, a request under way',
        'longest gap between turns of a 1 ms timer, less that 1 ms',
        'request',
      ),
      contestant('no request: what the machine itself does to a timer', 'the same, of a Node that only waits', 'idle'),
    ],
  };
}
