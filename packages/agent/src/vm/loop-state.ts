import type { Vm, VmStatus } from '@kcore/contract';
import type { AnswerProbe } from '../model/answer-probe.ts';
import type { Clock } from '../model/clock.ts';
import type { Seed, VmObserved, VmRuntime } from '../model/runtime.ts';
import type { HoldOff } from './hold-off.ts';
import type { VmMemory, VmStep } from './step.ts';
import type { VmTrouble } from './vm-status.ts';

export interface VmLoopOptions {
  readonly runtime: VmRuntime;
  readonly clock: Clock;
  /** What an earlier life of the agent remembered, by VM name. */
  readonly memory: ReadonlyMap<string, VmMemory>;
  /** Resolves when the memory is on disk. */
  readonly remember: (memory: ReadonlyMap<string, VmMemory>) => Promise<void>;
  readonly seed: (vm: Vm) => Seed;
  /** The MTU of a network, bytes, as its bridge has it. */
  readonly mtuOf: (network: string) => number | undefined;
  /** The bridge of a network on this node. */
  readonly bridgeOf: (network: string) => string | undefined;
  /** Absent: nobody finds out whether guests answer. */
  readonly probe?: AnswerProbe;
  /** The attachments changed: the network must be reconciled. */
  readonly onAttachments: () => void;
  readonly onStatus: (statuses: readonly VmStatus[]) => void;
  readonly onEvent: (event: { readonly type: string; readonly object: string; readonly message: string }) => void;
}

/** How long the parts of a VM's start took, milliseconds, for the event that says so. */
export interface Stopwatch {
  readonly prepared: number;
  /** When its ports began to be made, on the monotonic clock. */
  readonly since: number;
}

/** A step under way. */
export interface Work {
  readonly step: VmStep;
  readonly uid: string | undefined;
  readonly giveUp: AbortController;
}

export interface State {
  /** Absent until something was said: until then no guest is touched. */
  wanted?: ReadonlyMap<string, Vm>;
  kept: ReadonlySet<string>;
  /** What is kept must be compared with what is on disk. */
  keptIsNew: boolean;
  ready: ReadonlyMap<string, number>;
  /** The interface index of the port that each NIC of a running guest was plugged into, by process. */
  ports: ReadonlyMap<string, number>;
  observed: ReadonlyMap<string, VmObserved>;
  away?: VmTrouble;
  readonly memory: Map<string, VmMemory>;
  /** The part of `memory` that is on disk. Ports are made only from this, or a restart would take them for nobody's. */
  readonly saved: Map<string, VmMemory>;
  readonly busy: Map<string, Work>;
  readonly troubles: Map<string, VmTrouble>;
  readonly sleeping: Set<string>;
  readonly restarts: Map<string, number>;
  readonly stopwatches: Map<string, Stopwatch>;
  /** The guests that answered, each boot as another one. */
  readonly answered: Set<string>;
  /** VMs that had ports at the last look. */
  plugged: string;
}

export interface Context {
  readonly options: VmLoopOptions;
  readonly state: State;
  readonly holdOff: HoldOff;
  readonly wake: (name: string) => void;
  readonly signal: AbortSignal;
}
