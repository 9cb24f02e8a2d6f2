import { openConnection } from '../connection/open.ts';
import { openMonitor } from '../monitor/monitor.ts';
import type { Netns } from '../native/task.ts';
import type { WatchSource } from './source.ts';
import { type Watcher, watcherOver } from './watcher.ts';

/** Where is watched, and for how long. */
export interface WatchOptions {
  /** The path or descriptor of a namespace; a private one would be another for each of the watcher's two sockets. */
  readonly netns?: Exclude<Netns, { readonly private: true }>;
  /** Bytes of the socket that notifications come by. */
  readonly receiveBuffer?: number;
  /** Ends the watcher. */
  readonly signal?: AbortSignal;
}

/**
 * All objects of a kind, then each change, by sockets of its own. When notifications were lost or cannot be read, the
 * kernel is asked again, and what differs is told as changes; `synced` follows. Works without privileges.
 * @throws {SystemError} @throws {unknown} The signal's reason, when it was aborted before.
 */
export async function watch<T>(source: WatchSource<T>, options: WatchOptions = {}): Promise<Watcher<T>> {
  const { netns, receiveBuffer, signal } = options;
  signal?.throwIfAborted();
  const where = netns === undefined ? {} : { netns };
  const monitor = await openMonitor({
    protocol: source.protocol,
    groups: source.groups,
    ...where,
    ...(receiveBuffer === undefined ? {} : { receiveBuffer }),
  });
  try {
    const connection = await openConnection({ protocol: source.protocol, ...where });
    return watcherOver(source, monitor, connection, signal === undefined ? {} : { signal });
  } catch (error) {
    await monitor[Symbol.asyncDispose]();
    throw error;
  }
}
