import { expect, vi } from 'vitest';
import { openConnection } from '../../src/connection/open.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { canonical, type WatchSource } from '../../src/watch/source.ts';
import { watch } from '../../src/watch/watch.ts';
import type { WatchEvent } from '../../src/watch/watcher.ts';
import { ip } from './namespaces.ts';

export const mac = (n: number): string =>
  `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;

/** Takes events until one is the last. */
export async function until<T>(
  events: AsyncIterator<WatchEvent<T>>,
  last: (event: WatchEvent<T>) => boolean,
): Promise<readonly WatchEvent<T>[]> {
  const seen: WatchEvent<T>[] = [];
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) throw new Error('the watcher ended');
    seen.push(value);
    if (last(value)) return seen;
  }
}

/** Of what is looked at again until it is so. */
export const SOON = { timeout: 10_000, interval: 20 };

/** Members that differ, for a failure's text. */
function difference(a: object, b: object): string {
  const [left, right] = [a, b].map((value) => new Map(Object.entries(value)));
  const names = [...new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])].filter(
    (name) => !name.startsWith('statistics') && canonical([left?.get(name)]) !== canonical([right?.get(name)]),
  );
  return names
    .map((name) => `${name}: ${canonical([left?.get(name)])} is not ${canonical([right?.get(name)])}`)
    .join('; ');
}

/** A watcher and what it is compared with, again and again until they agree: what the kernel has by a list of its own. */
export async function mirrored<T extends object>(source: WatchSource<T>, path: string) {
  const watcher = await watch(source, { netns: path });
  const connection = await openConnection({ protocol: NETLINK_ROUTE, netns: path });
  const events = watcher[Symbol.asyncIterator]();
  await until(events, ({ type }) => type === 'synced');
  let ended = false;
  const reading = (async () => {
    while (!ended) ended = (await events.next()).done === true;
  })();
  return {
    watcher,
    /** Equal in all that a reader would see. */
    async agree(): Promise<readonly T[]> {
      let agreed: readonly T[] = [];
      await vi.waitFor(
        async () => {
          const { items } = await connection.dump(source.list());
          const there = (items.flat(1) as T[]).map((item) => `${source.key(item)}`).sort();
          agreed = [...watcher.items.values()];
          expect([...watcher.items.keys()].sort()).toEqual(there);
          for (const item of items.flat(1) as T[]) {
            const told = watcher.items.get(source.key(item));
            expect(told !== undefined && source.same(told, item), difference(told ?? {}, item)).toBe(true);
          }
        },
        { timeout: 5000, interval: 20 },
      );
      return agreed;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await watcher[Symbol.asyncDispose]();
      await connection[Symbol.asyncDispose]();
      await reading;
    },
  };
}

/** A bridge with two ports that forward. */
export async function bridgeWithPorts(name: string): Promise<void> {
  await ip(name, 'link', 'add', 'br0', 'up', 'type', 'bridge');
  for (const n of [1, 2]) {
    await ip(name, 'link', 'add', `p${n}`, 'type', 'veth', 'peer', 'name', `q${n}`);
    await ip(name, 'link', 'set', `p${n}`, 'up', 'master', 'br0');
    await ip(name, 'link', 'set', `q${n}`, 'up');
  }
}
