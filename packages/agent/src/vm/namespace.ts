import type { GuestSeed, Vm } from '@kcore/contract';
import type { Clock } from '../model/clock.ts';
import type { NicAttachment, Seed, VmObserved, VmRuntime } from '../model/runtime.ts';
import { createChanges } from './changes.ts';
import { type GuestConnection, openGuestConnection } from './guest-connection.ts';

/** Between tries to reach a guest host that is away, milliseconds. A unix socket refuses at once, so a try costs nothing. */
const RETRY_MILLISECONDS = 1_000;

/**
 * Guests that are network namespaces of a process of their own, the guest host: for labs, tests and demonstrations.
 * The guest is configured from the same documents that cloud-init would get; its image is not booted, and it says so.
 */
export function createNamespaceRuntime(options: { readonly socket: string; readonly clock: Clock }): VmRuntime {
  const { socket, clock } = options;
  const changes = createChanges();
  const ending = new AbortController();
  const held: { connection?: Promise<GuestConnection> } = {};

  /** One connection for all; a failed or ended one is forgotten, so that the next call makes another. */
  const connection = (): Promise<GuestConnection> => {
    if (held.connection !== undefined) return held.connection;
    const forget = (): void => {
      if (held.connection === opening) delete held.connection;
      changes.add('');
    };
    const opening = openGuestConnection(socket, changes.add, forget);
    held.connection = opening;
    opening.catch(() => {
      if (held.connection === opening) delete held.connection;
    });
    return opening;
  };

  return {
    description: 'namespace (image not booted)',
    async observe(): Promise<readonly VmObserved[]> {
      return (await (await connection()).request('observe', {})).guests;
    },
    async prepare(vm: Vm): Promise<readonly NicAttachment[]> {
      const { nics } = await (await connection()).request('prepare', { vm });
      if (nics.length !== vm.nics.length)
        throw new Error(`the guest host prepared ${nics.length} of the ${vm.nics.length} NICs of VM '${vm.name}'`);
      return nics.map(({ netns, name }) => ({ kind: 'veth' as const, netns, name }));
    },
    async start(vm: Vm, seed: Seed): Promise<void> {
      await (await connection()).request('start', { vm, seed: guestSeed(seed) });
    },
    async plug(vm: Vm, _index: number, seed: Seed): Promise<void> {
      await (await connection()).request('setNics', { vm, seed: guestSeed(seed) });
    },
    async unplug(name: string, index: number): Promise<void> {
      await (await connection()).request('dropNic', { name, index });
    },
    async stop(name: string): Promise<void> {
      await (await connection()).request('stop', { name });
    },
    async remove(name: string): Promise<void> {
      await (await connection()).request('remove', { name });
    },
    async *watch(signal: AbortSignal) {
      const until = AbortSignal.any([signal, ending.signal]);
      void keepConnected(connection, clock, until, () => changes.add(''));
      for await (const names of changes.batches(until)) for (const name of names) yield { name };
    },
    async [Symbol.asyncDispose](): Promise<void> {
      ending.abort();
      await held.connection?.then(
        (open) => open.close(),
        () => {},
      );
    },
  };
}

/** Such a guest does what the three documents say, and has no use for cloud-init's own settings. */
function guestSeed({ vendorData: _, ...seed }: Seed): GuestSeed {
  return seed;
}

/** Notices that the guest host is back without anybody asking it for something. */
async function keepConnected(
  connection: () => Promise<GuestConnection>,
  clock: Clock,
  signal: AbortSignal,
  connected: () => void,
): Promise<void> {
  const seen: { latest?: GuestConnection } = {};
  while (!signal.aborted) {
    const open = await connection().catch(() => undefined);
    if (open !== undefined && open !== seen.latest) {
      seen.latest = open;
      connected();
    }
    await clock.sleep(RETRY_MILLISECONDS, signal).catch(() => {});
  }
}
