import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

declare const portBrand: unique symbol;
/** A descriptor with its thread. Opaque: it is made by `start` and given back by `stop`. */
export interface NativePort {
  readonly [portBrand]: true;
}

/** What a job brought back: bytes, and Int32 numbers that say what they are. */
export type NativeResult = readonly [bytes: ArrayBuffer, meta: ArrayBuffer];

/** The functions of native/kcore_netlink.cc. They parse nothing. */
export interface Addon {
  task(kind: string, netns: string, name: string, numbers: Int32Array, groups: Int32Array): Promise<readonly number[]>;
  closeDescriptor(descriptor: number): void;
  start(descriptor: number, kind: number, watch: number, ifindex: number): NativePort;
  transact(port: NativePort, bytes: Uint8Array, lengths: Int32Array): Promise<NativeResult>;
  send(port: NativePort, bytes: Uint8Array, packets: Int32Array): Promise<NativeResult>;
  receive(port: NativePort): Promise<NativeResult>;
  cancelReceive(port: NativePort): void;
  stop(port: NativePort): Promise<void>;
}

/**
 * Loads the addon. Not on import: codecs and request builders work, and are tested, without a compiler.
 * `require` keeps what it loaded, so this may be called for each socket.
 */
export function loadAddon(): Addon {
  const require = createRequire(import.meta.url);
  const load = require('node-gyp-build') as (folder: string) => Addon;
  const folder = fileURLToPath(new URL('../..', import.meta.url));
  try {
    return load(folder);
  } catch (cause) {
    throw new Error(
      `@kcore/netlink: no native addon for ${process.platform}-${process.arch} in ${folder}prebuilds; ` +
        'build it with: node packages/netlink/native/build.mjs (needs g++)',
      { cause },
    );
  }
}
