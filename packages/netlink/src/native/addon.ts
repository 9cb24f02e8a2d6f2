import { createRequire } from 'node:module';
import path from 'node:path';

declare const descriptorBrand: unique symbol;
/**
 * What a task opened, until a port, a socket or another task takes it. Opaque. One that nobody took is closed when it is
 * collected, or its worker ends.
 */
export interface NativeDescriptor {
  readonly [descriptorBrand]: true;
}

declare const portBrand: unique symbol;
/** A netlink socket with its thread. Opaque: it is made by `start` and given back by `stop`. */
export interface NativePort {
  readonly [portBrand]: true;
}

declare const socketBrand: unique symbol;
/** A socket on node's event loop. Opaque: it is made by `socketOpen` and given back by `socketClose`. */
export interface NativeSocket {
  readonly [socketBrand]: true;
}

/** What a job brought back: bytes, and Int32 numbers that say what they are. */
export type NativeResult = readonly [bytes: ArrayBuffer, meta: ArrayBuffer];

/** 0 or -errno; 0 when the namespace was not entered, else 1; what it opened, or an empty one; what it read. */
type NativeTaskResult = readonly [status: number, entered: number, descriptor: NativeDescriptor, text: string];

/** The functions of native/kcore_netlink.cc. They parse nothing. */
export interface Addon {
  task(
    kind: string,
    netns: string,
    name: string,
    numbers: Int32Array,
    groups: Int32Array,
    text: string,
    descriptor: NativeDescriptor | undefined,
  ): Promise<NativeTaskResult>;
  descriptorNumber(descriptor: NativeDescriptor): number;
  start(descriptor: NativeDescriptor): NativePort;
  transact(port: NativePort, bytes: Uint8Array, lengths: Int32Array): Promise<NativeResult>;
  receive(port: NativePort): Promise<NativeResult>;
  cancelReceive(port: NativePort): void;
  stop(port: NativePort): Promise<void>;
  socketOpen(
    descriptor: NativeDescriptor,
    udp: number,
    onEvent: (bytes: ArrayBuffer, meta: ArrayBuffer) => void,
  ): NativeSocket;
  socketReceive(socket: NativeSocket): void;
  socketPause(socket: NativeSocket): void;
  socketSend(socket: NativeSocket, bytes: Uint8Array, packets: Int32Array, count: number): number;
  socketWatch(socket: NativeSocket): void;
  socketDevice(socket: NativeSocket): number;
  socketAddress(socket: NativeSocket): number;
  socketDropped(socket: NativeSocket): number;
  socketClose(socket: NativeSocket): Promise<void>;
}

/**
 * Loads the addon. Not on import: codecs and request builders work, and are tested, without a compiler. Once, because
 * looking for it takes a descriptor each time, and the last one may just have been given to a socket.
 */
export const loadAddon: () => Addon = once(load);

function once<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function load(): Addon {
  const require = createRequire(import.meta.url);
  const loadFrom = require('node-gyp-build') as (folder: string) => Addon;
  const folder = packageFolder();
  try {
    return loadFrom(folder);
  } catch (cause) {
    throw loadError(path.join(folder, 'prebuilds', `linux-${process.arch}`), cause);
  }
}

function loadError(prebuilds: string, cause: unknown): Error {
  if (codeOf(cause) === 'ERR_DLOPEN_FAILED') return failed(cause);
  try {
    // node-gyp-build takes a folder that it cannot read for an empty one.
    fs().readdirSync(prebuilds);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return failed(error);
  }
  return new Error(
    `@kcore/netlink: no native addon for ${process.platform}-${process.arch} (looked for ${prebuilds}); ` +
      'build it with: node packages/netlink/native/build.mjs (needs g++)',
    { cause },
  );
}

function failed(cause: unknown): Error {
  return new Error(`@kcore/netlink: the native addon cannot be loaded: ${(cause as Error).message}`, { cause });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Imported, `node:fs` takes longer than all of this package's tables. */
const fs = (): typeof import('node:fs') => process.getBuiltinModule('node:fs');

/** The folder above this file that has the prebuilds: two levels up, or fewer when the package was bundled. */
function packageFolder(): string {
  let folder = import.meta.dirname;
  while (!fs().existsSync(path.join(folder, 'prebuilds')) && folder !== '/') folder = path.dirname(folder);
  return folder;
}
