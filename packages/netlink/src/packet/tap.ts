import { ClosedError } from '../error.ts';
import { loadAddon } from '../native/addon.ts';
import { type Netns, runTask } from '../native/task.ts';
import { IFF_MULTI_QUEUE, IFF_NO_PI, IFF_TAP, IFF_VNET_HDR } from '../uapi/if-tun.ts';

/** What TUNSETIFF and its companions are told. Source: include/uapi/linux/if_tun.h. */
export interface TapOptions {
  readonly name: string;
  /** User id that may attach to it without CAP_NET_ADMIN. */
  readonly owner?: number;
  /** Group id whose members may. */
  readonly group?: number;
  /** A virtio_net_hdr before each frame. */
  readonly vnetHeader?: boolean;
  /** Bytes of that header: 10, or 12 with `num_buffers`, which virtio 1.0 asks for. */
  readonly vnetHeaderSize?: number;
  /** It may be opened several times, each time with one more queue. */
  readonly multiQueue?: boolean;
  readonly netns?: Netns;
}

/**
 * A TAP device that this process holds. RTM_NEWLINK cannot make one; an ioctl does. Until `persist` it dies with this
 * object, so that it can be marked as whose it is before it outlives a crash.
 */
export interface Tap extends AsyncDisposable {
  /** For a program that moves the frames; it is closed with this object. -1 when it is closed. */
  readonly descriptor: number;
  /** Lets the device stay, and closes the descriptor. @throws {SystemError} */
  persist(): Promise<void>;
  /** Takes that back: the device dies with its last descriptor, of which this one is closed. @throws {SystemError} */
  remove(): Promise<void>;
}

/**
 * Makes the device, or attaches to one that exists and was made with the same flags.
 * @throws {SystemError} EBUSY: another program holds it. EINVAL: it was made with other flags, or is no TAP. EPERM.
 * ENOENT: no /dev/net/tun. ENAMETOOLONG: more than 15 bytes.
 */
export async function openTap(options: TapOptions): Promise<Tap> {
  const { name, owner, group, vnetHeader, vnetHeaderSize, multiQueue, netns } = options;
  if (name === '') throw new RangeError('the name of a tap is empty');
  if (vnetHeaderSize !== undefined && vnetHeader !== true) throw new RangeError(`tap ${name}: no header, but its size`);
  const flags =
    IFF_TAP | IFF_NO_PI | (vnetHeader === true ? IFF_VNET_HDR : 0) | (multiQueue === true ? IFF_MULTI_QUEUE : 0);
  const { descriptor } = await runTask({
    kind: 'openTap',
    operation: `open tap ${name}`,
    netns,
    name,
    numbers: [flags, owner ?? -1, group ?? -1, vnetHeaderSize ?? -1],
  });
  return new HeldTap(name, descriptor);
}

class HeldTap implements Tap {
  readonly #name: string;
  #descriptor: number;

  constructor(name: string, descriptor: number) {
    this.#name = name;
    this.#descriptor = descriptor;
  }

  get descriptor(): number {
    return this.#descriptor;
  }

  persist(): Promise<void> {
    return this.#end(`keep tap ${this.#name}`, 1);
  }

  remove(): Promise<void> {
    return this.#end(`remove tap ${this.#name}`, 0);
  }

  async #end(operation: string, persistent: number): Promise<void> {
    const descriptor = this.#descriptor;
    if (descriptor < 0) throw new ClosedError(`${operation}: it is closed`);
    this.#descriptor = -1;
    await runTask({ kind: 'persistTap', operation, numbers: [descriptor, persistent] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#descriptor >= 0) loadAddon().closeDescriptor(this.#descriptor);
    this.#descriptor = -1;
  }
}
