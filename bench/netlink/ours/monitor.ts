import { decodeRouteMessage, NETLINK_ROUTE, openMonitor, RTNLGRP_NEIGH } from '@kcore/netlink';
import type { Task } from './rtnl.ts';

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

/** Counts decoded neighbour events; `ms` is what they cost the processor, in all threads. */
const monitor: Task = async ([count = '0']) => {
  await using events = await openMonitor({ protocol: NETLINK_ROUTE, groups: [RTNLGRP_NEIGH] });
  process.stdout.write('ready\n');
  const before = processorMs();
  let seen = 0;
  for await (const event of events) {
    if (event.type !== 'message') throw new Error(`the monitor said ${event.type} after ${seen} events`);
    const decoded = decodeRouteMessage(event.message);
    if (decoded?.kind === 'fdb' && decoded.fdb.mac !== '') seen += 1;
    if (seen >= Number(count)) break;
  }
  return { ms: processorMs() - before };
};

export const monitorTasks = { monitor } as const satisfies Record<string, Task>;
