import {
  decodeRouteMessage,
  type Monitor,
  type MonitorEvent,
  NETLINK_NETFILTER,
  NETLINK_ROUTE,
  type Netns,
  NFNLGRP_NFTABLES,
  openMonitor,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_NETCONF,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV4_RULE,
  RTNLGRP_LINK,
  RTNLGRP_NEIGH,
} from '@kcore/netlink';
import type { Known } from './known.ts';
import { describeNftEvent } from './nft/describe.ts';
import type { WakeupQueue } from './wakeup-queue.ts';

const ROUTE_GROUPS = [
  RTNLGRP_LINK,
  RTNLGRP_NEIGH,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV4_RULE,
  RTNLGRP_IPV4_NETCONF,
];

/** Listens from now on and puts what concerns kcore into the queue, until it is disposed. */
export async function openMonitors(
  queue: WakeupQueue,
  known: Known,
  netns: Netns | undefined,
): Promise<AsyncDisposable> {
  const where = netns === undefined ? {} : { netns };
  const route = await openMonitor({ protocol: NETLINK_ROUTE, groups: ROUTE_GROUPS, ...where });
  const nftables = await openNftables(route, where);
  const pumps = [
    pump(route, queue, (event) => {
      const decoded = decodeRouteMessage(event.message);
      return decoded === undefined ? undefined : known.notice(decoded);
    }),
    pump(nftables, queue, (event) => describeNftEvent(event.message)),
  ];
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([route[Symbol.asyncDispose](), nftables[Symbol.asyncDispose]()]);
      await Promise.all(pumps);
    },
  };
}

async function openNftables(route: Monitor, where: { readonly netns?: Netns }): Promise<Monitor> {
  try {
    return await openMonitor({ protocol: NETLINK_NETFILTER, groups: [NFNLGRP_NFTABLES], ...where });
  } catch (error) {
    await route[Symbol.asyncDispose]();
    throw error;
  }
}

type MessageEvent = Extract<MonitorEvent, { readonly type: 'message' }>;

/** A monitor that fails fails whoever watches: a host that is no longer listened to must not seem quiet. */
async function pump(
  monitor: Monitor,
  queue: WakeupQueue,
  noticeIn: (event: MessageEvent) => string | undefined,
): Promise<void> {
  try {
    for await (const event of monitor) {
      const notification = event.type === 'overrun' ? 'overrun' : noticeIn(event);
      if (notification !== undefined) queue.push(notification);
    }
  } catch (error) {
    queue.close(error);
  }
}
