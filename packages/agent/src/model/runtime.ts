import type { Digest, DiskFormat, GuestRoom, ImageStatus, Vm, VmStatus } from '@kcore/contract';

/** What a NIC of a guest is plugged into, told by the runtime before the guest starts. */
export type NicAttachment =
  | { readonly kind: 'tap'; readonly owner?: number; readonly vnetHeader: boolean; readonly multiQueue: boolean }
  /** `netns`: path of the guest's network namespace; `name`: the interface's name when it appears in there. */
  | { readonly kind: 'veth'; readonly netns: string; readonly name: string };

/** What the guest is configured from: the documents of cloud-init's NoCloud data source. */
export interface Seed {
  readonly metaData: string;
  readonly networkConfig: string;
  /** The user's own word; what it says goes before what `vendorData` says. */
  readonly userData: string;
  readonly vendorData: string;
}

export interface VmObserved {
  readonly name: string;
  readonly uid: string;
  readonly state: 'prepared' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed';
  readonly pid?: number;
  readonly message?: string;
  /** As in the VM's status. */
  readonly guest?: NonNullable<VmStatus['guest']>;
  readonly progress?: NonNullable<VmStatus['progress']>;
  /** Another value for each boot of the guest, its own reboots among them. */
  readonly boot?: string;
  /** The NICs that a running guest has at the moment. Absent: they are as they were when it started. */
  readonly nics?: readonly { readonly index: number; readonly mac: string }[];
}

/**
 * A guest's serial console, for one person at a time: who opens it next has the one before disposed first (session/consoles.ts).
 * Disposing detaches; the guest goes on.
 */
export interface GuestConsole extends AsyncDisposable {
  /** Ends when the guest went down, or the console was disposed. */
  readonly output: AsyncIterable<Uint8Array>;
  write(bytes: Uint8Array): Promise<void>;
}

/** The images of a node: what disks begin as. */
export interface NodeImages {
  list(): readonly ImageStatus[];
  /**
   * Takes an image from its bytes. Nothing is left of one that did not come whole, or that is not what `sha256` says.
   * @throws {KcoreError} AlreadyExists: another image has the name; InvalidArgument: another digest, size or format;
   * ResourceExhausted: no room.
   */
  receive(
    image: {
      readonly name: string;
      readonly format: DiskFormat;
      readonly sizeBytes: number;
      readonly sha256?: string;
    },
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<ImageStatus>;
  /** Disks made of it stay as they are; removing the absent succeeds. */
  remove(digest: Digest): Promise<void>;
  /** Calls `listener` after each change of `list()`, at most a few times a second. Returns how to stop. */
  watch(listener: () => void): () => void;
}

/**
 * Where guests run. Level-based: the agent compares what it wants with `observe()` and calls what is missing;
 * every call is idempotent. A guest outlives the agent, and `observe` finds it again.
 */
export interface VmRuntime extends AsyncDisposable {
  /** For people and for the node's facts: `namespace (image not booted)`, `qemu 7.2 (tcg)`. */
  readonly description: string;
  /** What guests may have of this node in all. Absent: they cost next to nothing. */
  readonly room?: GuestRoom;
  /** Absent: guests are not made of images. */
  readonly images?: NodeImages;
  observe(): Promise<readonly VmObserved[]>;
  /**
   * Makes the guest's disks, and what its NICs need to be plugged into (a namespace; nothing for a tap), before the network is
   * reconciled. One attachment a NIC, in their order. Also of a guest that is there, for NICs it got since.
   * @param signal the VM is not wanted any more; what was made of it is taken back.
   */
  prepare(vm: Vm, signal?: AbortSignal): Promise<readonly NicAttachment[]>;
  /**
   * Starts the guest when its NICs exist.
   * @param mtus of each NIC's network, bytes, in the NICs' order; undefined where the guest keeps its own default.
   */
  start(vm: Vm, seed: Seed, mtus: readonly (number | undefined)[]): Promise<void>;
  /**
   * Gives a running guest a NIC that it has not got, `vm.nics` with that index; its port is there. Absent: NICs come and go with
   * the guest's next start. `seed` is as for `start`.
   */
  plug?(vm: Vm, index: number, seed: Seed, mtu: number | undefined): Promise<void>;
  /** Takes a NIC from a running guest; resolves when the guest let go of it, which it may refuse. */
  unplug?(name: string, index: number, signal: AbortSignal): Promise<void>;
  /** Stops it gracefully, then by force; resolves when it is gone. */
  stop(name: string): Promise<void>;
  /** Stops it and deletes all that it left: namespace, disks. `keepDisks`: its disks stay, under its uid. */
  remove(name: string, keepDisks: boolean): Promise<void>;
  /** Deletes kept disks of which nothing is wanted any more; `wanted` are the uids that stay. */
  keepOnly?(wanted: ReadonlySet<string>): Promise<void>;
  /**
   * @throws {KcoreError} FailedPrecondition when the guest is not running. Absent: guests have no console.
   */
  console?(name: string): Promise<GuestConsole>;
  /** What the console said, oldest first. Absent: nothing is kept of it. */
  logs?(
    name: string,
    options: { readonly follow: boolean; readonly tailLines?: number },
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  /** Yields whenever a guest changed its state by itself. */
  watch(signal: AbortSignal): AsyncIterable<{ readonly name: string }>;
}
