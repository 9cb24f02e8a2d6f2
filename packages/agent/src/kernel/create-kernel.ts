import type { Netns } from '@kcore/netlink';
import type { KernelFeatures } from '../model/host-facts.ts';
import type { ConntrackFilter, Kernel, Observation, Wakeup } from '../model/kernel.ts';
import type { OperationResult, Plan } from '../model/operation.ts';
import { applyPlan } from './apply.ts';
import { endConnections } from './connections.ts';
import { Known } from './known.ts';
import { openMonitors } from './monitors.ts';
import { observeNft } from './nft/observe.ts';
import { observationOf } from './observe.ts';
import { probeFeatures } from './probe.ts';
import { takeSnapshot } from './snapshot.ts';
import { openSockets, type Sockets } from './sockets.ts';
import { WakeupQueue } from './wakeup-queue.ts';

export interface KernelOptions {
  /** A network namespace other than the process's own, by its path. */
  readonly netns?: Netns;
}

/**
 * The host's kernel over netlink. Notifications are collected from the moment this resolves, so nothing is missed
 * between the first look and the watching.
 * @throws {SystemError} EPERM: it needs CAP_NET_ADMIN.
 */
export async function createKernel(options: KernelOptions = {}): Promise<Kernel> {
  const features = await probeFeatures();
  const sockets = await openSockets(options.netns);
  const queue = new WakeupQueue();
  const known = new Known();
  const opened: AsyncDisposable[] = [sockets];
  try {
    const monitors = await openMonitors(queue, known, options.netns);
    opened.push(monitors);
    known.learn(await takeSnapshot(sockets));
    return new NetlinkKernel({ sockets, monitors, queue, known, features });
  } catch (error) {
    await Promise.all(opened.map((each) => each[Symbol.asyncDispose]()));
    throw error;
  }
}

interface Parts {
  readonly sockets: Sockets;
  readonly monitors: AsyncDisposable;
  readonly queue: WakeupQueue;
  readonly known: Known;
  readonly features: KernelFeatures;
}

class NetlinkKernel implements Kernel {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async observe(foreignLinks: ReadonlySet<string>): Promise<Observation> {
    const { sockets, known, features } = this.#parts;
    const [snapshot, nft] = await Promise.all([takeSnapshot(sockets), observeNft(sockets.netfilter)]);
    known.learn(snapshot);
    return observationOf(snapshot, nft, { foreignLinks, features });
  }

  apply(plan: Plan): Promise<readonly OperationResult[]> {
    return applyPlan(plan, this.#parts.sockets);
  }

  endConnections(filters: readonly ConntrackFilter[]): Promise<number> {
    return endConnections(filters, this.#parts.sockets.netfilter);
  }

  watch(signal: AbortSignal): AsyncIterable<Wakeup> {
    return this.#parts.queue.watch(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { sockets, monitors, queue } = this.#parts;
    queue.close();
    await monitors[Symbol.asyncDispose]();
    await sockets[Symbol.asyncDispose]();
  }
}
