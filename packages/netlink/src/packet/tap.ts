import { loadAddon } from '../native/addon.ts';
import { type Netns, runTask } from '../native/task.ts';
import { IFF_MULTI_QUEUE, IFF_NO_PI, IFF_TAP, IFF_VNET_HDR } from '../uapi/if-tun.ts';

export interface TapOptions {
  readonly name: string;
  /** User id that may attach to it without CAP_NET_ADMIN. */
  readonly owner?: number;
  readonly vnetHeader?: boolean;
  readonly multiQueue?: boolean;
  readonly netns?: Netns;
}

/**
 * A TAP device that this process holds. RTM_NEWLINK cannot make one; an ioctl does. Until `persist` it dies with this
 * object, so that it can be marked as whose it is before it outlives a crash.
 */
export interface Tap extends AsyncDisposable {
  /** Lets the device stay, and closes the descriptor. @throws {SystemError} */
  persist(): Promise<void>;
}

/** Makes the device, or attaches to one that exists and was made with the same flags. @throws {SystemError} EBUSY, EPERM, ENOENT (no /dev/net/tun). */
export async function openTap(options: TapOptions): Promise<Tap> {
  const flags =
    IFF_TAP |
    IFF_NO_PI |
    (options.vnetHeader === true ? IFF_VNET_HDR : 0) |
    (options.multiQueue === true ? IFF_MULTI_QUEUE : 0);
  const { descriptor } = await runTask({
    kind: 'openTap',
    operation: `open tap ${options.name}`,
    netns: options.netns,
    name: options.name,
    numbers: [flags, options.owner ?? -1],
  });
  return new HeldTap(options.name, descriptor);
}

class HeldTap implements Tap {
  readonly #name: string;
  #descriptor: number;

  constructor(name: string, descriptor: number) {
    this.#name = name;
    this.#descriptor = descriptor;
  }

  async persist(): Promise<void> {
    const descriptor = this.#descriptor;
    this.#descriptor = -1;
    await runTask({ kind: 'persistTap', operation: `keep tap ${this.#name}`, numbers: [descriptor] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#descriptor >= 0) loadAddon().closeDescriptor(this.#descriptor);
    this.#descriptor = -1;
  }
}
