import { ClosedError } from '../error.ts';
import { loadAddon, type NativeDescriptor } from '../native/addon.ts';
import { type Netns, runTask } from '../native/task.ts';
import { IFF_MULTI_QUEUE, IFF_NO_PI, IFF_TAP, IFF_VNET_HDR } from '../uapi/if-tun.ts';

/** What TUNSETIFF and its companions are told. Source: include/uapi/linux/if_tun.h. */
export interface TapOptions {
  readonly name: string;
  /** User id that may attach to it without CAP_NET_ADMIN; up to 2^32-2. With neither owner nor group, any user may. */
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
 * object, so that it can be marked as whose it is before it outlives a crash: when that is closed, when it is forgotten and
 * the garbage collector comes, or when its worker or process ends. A program that was given the descriptor holds it too.
 */
export interface Tap extends AsyncDisposable {
  /** For a program that moves the frames. It is closed with this object, which is to be held as long. -1 when it is closed. */
  readonly descriptor: number;
  /** Lets the device stay, and closes the descriptor. @throws {SystemError} */
  persist(): Promise<void>;
  /** Takes that back: the device dies with its last descriptor, of which this one is closed. @throws {SystemError} */
  remove(): Promise<void>;
}

/** Which of the numbers were given, as in native/task_host.h. */
const OWNER_GIVEN = 1;
const GROUP_GIVEN = 2;
const HEADER_SIZE_GIVEN = 4;
/** Bytes, unless something else is given. */
const VNET_HEADER_SIZE = 10;

/**
 * Makes the device, or attaches to one that exists and was made with the same flags.
 * @throws {SystemError} EBUSY: another program holds it. EINVAL: it was made with other flags, or is no TAP. EPERM.
 * ENOENT: no /dev/net/tun. ENAMETOOLONG: more than 15 bytes.
 * @throws {ValueError} An owner, group or size that is none.
 */
export async function openTap(options: TapOptions): Promise<Tap> {
  const { name, owner, group, vnetHeader, vnetHeaderSize, multiQueue, netns } = options;
  if (name === '') throw new RangeError('the name of a tap is empty');
  if (vnetHeaderSize !== undefined && vnetHeader !== true) throw new RangeError(`tap ${name}: no header, but its size`);
  const flags =
    IFF_TAP | IFF_NO_PI | (vnetHeader === true ? IFF_VNET_HDR : 0) | (multiQueue === true ? IFF_MULTI_QUEUE : 0);
  const given =
    (owner === undefined ? 0 : OWNER_GIVEN) |
    (group === undefined ? 0 : GROUP_GIVEN) |
    (vnetHeaderSize === undefined ? 0 : HEADER_SIZE_GIVEN);
  const { descriptor } = await runTask({
    kind: 'openTap',
    operation: `open tap ${name}`,
    netns,
    name,
    numbers: [flags, given, owner ?? 0, group ?? 0, vnetHeaderSize ?? VNET_HEADER_SIZE],
  });
  return new HeldTap(name, descriptor);
}

class HeldTap implements Tap {
  readonly #name: string;
  readonly #held: NativeDescriptor;

  constructor(name: string, held: NativeDescriptor) {
    this.#name = name;
    this.#held = held;
  }

  get descriptor(): number {
    return loadAddon().descriptorNumber(this.#held);
  }

  persist(): Promise<void> {
    return this.#persist(`keep tap ${this.#name}`, 1);
  }

  remove(): Promise<void> {
    return this.#persist(`remove tap ${this.#name}`, 0);
  }

  async #persist(operation: string, persistent: number): Promise<void> {
    if (this.descriptor < 0) throw new ClosedError(`${operation}: it is closed`);
    await runTask({ kind: 'persistTap', operation, numbers: [persistent], descriptor: this.#held });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.descriptor < 0) return;
    await runTask({ kind: 'closeTap', operation: `close tap ${this.#name}`, descriptor: this.#held });
  }
}
