import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

declare const portBrand: unique symbol;
/** A descriptor with its thread. Opaque: it is made by `start` and given back by `stop`. */
export interface NativePort {
  readonly [portBrand]: true;
}

declare const socketBrand: unique symbol;
/** A descriptor on node's event loop. Opaque: it is made by `socketOpen` and given back by `socketClose`. */
export interface NativeSocket {
  readonly [socketBrand]: true;
}

/** What a job brought back: bytes, and Int32 numbers that say what they are. */
export type NativeResult = readonly [bytes: ArrayBuffer, meta: ArrayBuffer];

/** The functions of native/kcore_netlink.cc. They parse nothing. */
export interface Addon {
  task(kind: string, netns: string, name: string, numbers: Int32Array, groups: Int32Array): Promise<readonly number[]>;
  closeDescriptor(descriptor: number): void;
  start(descriptor: number): NativePort;
  transact(port: NativePort, bytes: Uint8Array, lengths: Int32Array): Promise<NativeResult>;
  receive(port: NativePort): Promise<NativeResult>;
  cancelReceive(port: NativePort): void;
  stop(port: NativePort): Promise<void>;
  socketOpen(
    descriptor: number,
    udp: number,
    watch: number,
    ifindex: number,
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
 * Loads the addon. Not on import: codecs and request builders work, and are tested, without a compiler.
 * `require` keeps what it loaded, so this may be called for each socket.
 */
export function loadAddon(): Addon {
  const require = createRequire(import.meta.url);
  const load = require('node-gyp-build') as (folder: string) => Addon;
  const folder = packageFolder();
  try {
    return load(folder);
  } catch (cause) {
    throw new Error(
      `@kcore/netlink: no native addon for ${process.platform}-${process.arch} (looked for ${folder}/prebuilds/linux-${process.arch}); ` +
        'build it with: node packages/netlink/native/build.mjs (needs g++)',
      { cause },
    );
  }
}

/** The folder above this file that has the prebuilds: two levels up, or fewer when the package was bundled. */
function packageFolder(): string {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(folder, 'prebuilds')) && folder !== '/') folder = path.dirname(folder);
  return folder;
}
