import type { Vm, VmStatus } from '@kcore/contract';
import type { Clock } from '../model/clock.ts';
import type { NicAttachment, Seed, VmObserved, VmRuntime } from '../model/runtime.ts';
import { createChanges } from './changes.ts';
import { createHoldOff, type HoldOff } from './hold-off.ts';
import { nextStep, type VmMemory, type VmSituation, type VmStep } from './step.ts';
import { type VmTrouble, vmStatus } from './vm-status.ts';

/** VMs that are worked on at once: enough for a boot storm, few enough for the disk. */
const CONCURRENCY = 8;
/** The name under which the runtime itself is held off; no VM has an empty name. */
const RUNTIME = '';

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
  /** The attachments changed: the network must be reconciled. */
  readonly onAttachments: () => void;
  readonly onStatus: (statuses: readonly VmStatus[]) => void;
  readonly onEvent: (event: { readonly type: string; readonly object: string; readonly message: string }) => void;
}

/** Brings the VMs of a node to what is wanted, beside the network's loop: a guest that takes long to stop holds up nothing else. */
export interface VmLoop {
  want(vms: readonly Vm[]): void;
  /** Names of the VMs whose NICs are all plugged in. */
  setReady(names: ReadonlySet<string>): void;
  /** What the NICs of each VM are plugged into; a VM that is not prepared has no entry. */
  attachments(): ReadonlyMap<string, readonly NicAttachment[]>;
  /** Runs until the signal aborts. Guests stay as they are. */
  run(signal: AbortSignal): Promise<void>;
}

interface State {
  /** Absent until something was said: until then no guest is touched. */
  wanted?: ReadonlyMap<string, Vm>;
  ready: ReadonlySet<string>;
  observed: ReadonlyMap<string, VmObserved>;
  away?: VmTrouble;
  readonly memory: Map<string, VmMemory>;
  /** The part of `memory` that is on disk. Ports are made only from this, or a restart would take them for nobody's. */
  readonly saved: Map<string, VmMemory>;
  readonly busy: Map<string, Promise<void>>;
  readonly troubles: Map<string, VmTrouble>;
  readonly sleeping: Set<string>;
}

interface Context {
  readonly options: VmLoopOptions;
  readonly state: State;
  readonly holdOff: HoldOff;
  readonly wake: (name: string) => void;
  readonly signal: AbortSignal;
}

export function createVmLoop(options: VmLoopOptions): VmLoop {
  const changes = createChanges();
  const state: State = {
    ready: new Set(),
    observed: new Map(),
    memory: new Map(options.memory),
    saved: new Map(options.memory),
    busy: new Map(),
    troubles: new Map(),
    sleeping: new Set(),
  };
  return {
    want(vms) {
      state.wanted = new Map(vms.map((vm) => [vm.name, vm]));
      changes.add(RUNTIME);
    },
    setReady(names) {
      const same = names.size === state.ready.size && [...names].every((name) => state.ready.has(name));
      state.ready = names;
      if (!same) changes.add(RUNTIME);
    },
    attachments: () => currentAttachments(state),
    async run(signal) {
      const context = { options, state, holdOff: createHoldOff(options.clock), wake: changes.add, signal };
      const watching = forward(options.runtime, changes.add, signal);
      changes.add(RUNTIME);
      for await (const _names of changes.batches(signal)) await pass(context);
      // What is under way is not waited for: stopping a guest takes a minute, and the next life looks again.
      await Promise.allSettled([watching]);
    },
  };
}

async function forward(runtime: VmRuntime, wake: (name: string) => void, signal: AbortSignal): Promise<void> {
  for await (const { name } of runtime.watch(signal)) wake(name);
}

function currentAttachments({ wanted, saved }: State): ReadonlyMap<string, readonly NicAttachment[]> {
  const current = [...saved].filter(([name, { uid }]) => {
    const vm = wanted?.get(name);
    return vm?.uid === uid && vm.state === 'running';
  });
  return new Map(current.map(([name, { attachments }]) => [name, attachments]));
}

async function pass(context: Context): Promise<void> {
  const { options, state, holdOff } = context;
  const { wanted } = state;
  if (wanted === undefined) return;
  try {
    const observed = new Map((await options.runtime.observe()).map((vm) => [vm.name, vm]));
    sayWhoFell(context, observed);
    state.observed = observed;
    delete state.away;
    holdOff.clear(RUNTIME);
    const names = new Set([...wanted.keys(), ...observed.keys(), ...state.memory.keys()]);
    for (const name of names) consider(name, context);
  } catch (error) {
    state.away = { during: 'observe', message: textOf(error) };
    holdOff.attempted(RUNTIME);
    wakeLater(RUNTIME, context);
  }
  options.onStatus(
    [...wanted.keys()].map((name) => vmStatus(name, situation(name, state), state.away ?? state.troubles.get(name))),
  );
}

function situation(name: string, state: State): VmSituation {
  const wanted = state.wanted?.get(name);
  const observed = state.observed.get(name);
  const memory = state.memory.get(name);
  return {
    ...(wanted === undefined ? {} : { wanted }),
    ...(observed === undefined ? {} : { observed }),
    ...(memory === undefined ? {} : { memory }),
    portsReady: state.ready.has(name),
  };
}

/** An event for each guest that was up and went down by itself. */
function sayWhoFell({ options, state }: Context, observed: ReadonlyMap<string, VmObserved>): void {
  for (const { name, uid, state: now, message } of observed.values()) {
    const before = state.observed.get(name);
    const fell = before?.uid === uid && before.state === 'running' && (now === 'failed' || now === 'stopped');
    if (!fell || state.busy.has(name) || state.memory.get(name)?.started !== true) continue;
    const type = now === 'failed' ? 'VmFailed' : 'VmStopped';
    options.onEvent({ type, object: `vm/${name}`, message: message ?? `the guest is ${now}, by itself` });
  }
}

/** Begins the next step of one VM, when it is due and nothing is under way for it. */
function consider(name: string, context: Context): void {
  const { state, holdOff, wake } = context;
  if (state.busy.has(name)) return;
  const now = situation(name, state);
  const step = nextStep(now);
  if (step === 'wait') {
    state.troubles.delete(name);
    return;
  }
  if (holdOff.remaining(name) > 0) {
    wakeLater(name, context);
    return;
  }
  // Whoever finishes wakes the loop, which then comes back to those left out.
  if (state.busy.size >= CONCURRENCY) return;
  const work = take(step, name, now, context)
    .then(() => state.troubles.delete(name))
    .catch((error: unknown) => {
      if (step !== 'start') holdOff.attempted(name);
      if (step !== 'forget') state.troubles.set(name, { during: step, message: textOf(error) });
    })
    .finally(() => {
      state.busy.delete(name);
      wake(name);
    });
  state.busy.set(
    name,
    work.then(() => {}),
  );
}

async function take(step: VmStep, name: string, now: VmSituation, context: Context): Promise<void> {
  const { options, holdOff } = context;
  const { runtime } = options;
  const { wanted, memory } = now;
  if (step === 'remove') {
    await runtime.remove(name);
    await remember(name, undefined, context);
  } else if (step === 'forget') {
    await remember(name, undefined, context);
  } else if (step === 'stop') {
    await runtime.stop(name);
    if (memory !== undefined) await remember(name, { ...memory, started: false }, context);
  } else if (step === 'prepare' && wanted !== undefined) {
    const attachments = [...(await runtime.prepare(wanted))];
    const started = now.observed?.state === 'running' || now.observed?.state === 'starting';
    await remember(name, { uid: wanted.uid, attachments, started }, context);
    options.onAttachments();
  } else if (step === 'start' && wanted !== undefined && memory !== undefined) {
    // Held off from here on, so that a guest which crashes at once is not started in a tight loop.
    holdOff.attempted(name);
    const mtus = wanted.nics.map(({ network }) => options.mtuOf(network));
    await runtime.start(wanted, options.seed(wanted), mtus);
    await remember(name, { ...memory, started: true }, context);
  }
}

async function remember(
  name: string,
  memory: VmMemory | undefined,
  { options, state, signal }: Context,
): Promise<void> {
  signal.throwIfAborted();
  if (memory === undefined) state.memory.delete(name);
  else state.memory.set(name, memory);
  await options.remember(new Map(state.memory));
  if (memory === undefined) state.saved.delete(name);
  else state.saved.set(name, memory);
}

function wakeLater(name: string, { options, state, holdOff, wake, signal }: Context): void {
  if (state.sleeping.has(name)) return;
  state.sleeping.add(name);
  options.clock
    .sleep(holdOff.remaining(name), signal)
    .then(() => {
      state.sleeping.delete(name);
      wake(name);
    })
    .catch(() => state.sleeping.delete(name));
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
