import type { Vm } from '@kcore/contract';

/** What a NIC of a guest is plugged into, told by the runtime before the guest starts. */
export type NicAttachment =
  | { readonly kind: 'tap'; readonly owner?: number; readonly vnetHeader: boolean; readonly multiQueue: boolean }
  /** `netns`: path of the guest's network namespace; `name`: the interface's name when it appears in there. */
  | { readonly kind: 'veth'; readonly netns: string; readonly name: string };

/** What the guest is configured from: the three documents of cloud-init's NoCloud data source. */
export interface Seed {
  readonly metaData: string;
  readonly networkConfig: string;
  readonly userData: string;
}

export interface VmObserved {
  readonly name: string;
  readonly uid: string;
  readonly state: 'prepared' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed';
  readonly pid?: number;
  readonly message?: string;
}

/**
 * Where guests run. Level-based: the agent compares what it wants with `observe()` and calls what is missing;
 * every call is idempotent. A guest outlives the agent, and `observe` finds it again.
 */
export interface VmRuntime extends AsyncDisposable {
  /** For people and for the node's facts: `namespace (image not booted)`, `qemu 7.2 (tcg)`. */
  readonly description: string;
  observe(): Promise<readonly VmObserved[]>;
  /** Makes what the NICs need to be plugged into (a namespace; nothing for a tap), before the network is reconciled. One attachment a NIC. */
  prepare(vm: Vm): Promise<readonly NicAttachment[]>;
  /**
   * Starts the guest when its NICs exist.
   * @param mtus of each NIC's network, bytes, in the NICs' order; undefined where the guest keeps its own default.
   */
  start(vm: Vm, seed: Seed, mtus: readonly (number | undefined)[]): Promise<void>;
  /** Stops it gracefully, then by force; resolves when it is gone. */
  stop(name: string): Promise<void>;
  /** Stops it and deletes all that it left: namespace, disks. */
  remove(name: string): Promise<void>;
  /** Yields whenever a guest changed its state by itself. */
  watch(signal: AbortSignal): AsyncIterable<{ readonly name: string }>;
}
