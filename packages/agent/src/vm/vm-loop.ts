import type { Nic, Vm, VmStatus } from '@kcore/contract';
import type { ProbeTarget } from '../model/answer-probe.ts';
import type { VmObserved, VmRuntime } from '../model/runtime.ts';
import { createChanges } from './changes.ts';
import { createHoldOff } from './hold-off.ts';
import type { Context, State, VmLoopOptions, Work } from './loop-state.ts';
import { type HeldNic, isDown, isSame, isUp, nextStep, portKey, type VmSituation, type VmStep } from './step.ts';
import { takeStep } from './take-step.ts';
import { vmStatus } from './vm-status.ts';

/** VMs that are worked on at once: enough for a boot storm, few enough for the disk. */
const CONCURRENCY = 8;
/** The name under which the runtime itself is held off; no VM has an empty name. */
const RUNTIME = '';
/** Steps that may take long and come to nothing when they are not wanted any more. */
const GIVEN_UP: readonly VmStep[] = ['prepare', 'unplug'];

/** Brings the VMs of a node to what is wanted, beside the network's loop: a guest that takes long to stop holds up nothing else. */
export interface VmLoop {
  /** @param kept uids of deleted VMs whose disks stay. */
  want(vms: readonly Vm[], kept: ReadonlySet<string>): void;
  /** The ports that are there, as `portKey` has them, with their interface indexes. */
  setReady(ports: ReadonlyMap<string, number>): void;
  /** What the NICs of each VM are plugged into, those among them that a guest is still to let go of; a VM that is not prepared has no entry. */
  attachments(): ReadonlyMap<string, readonly HeldNic[]>;
  /** Runs until the signal aborts. Guests stay as they are. */
  run(signal: AbortSignal): Promise<void>;
}

export function createVmLoop(options: VmLoopOptions): VmLoop {
  const changes = createChanges();
  const state: State = {
    kept: new Set(),
    keptIsNew: true,
    ready: new Map(),
    ports: new Map(),
    observed: new Map(),
    memory: new Map(options.memory),
    saved: new Map(options.memory),
    busy: new Map(),
    troubles: new Map(),
    sleeping: new Set(),
    restarts: new Map(),
    stopwatches: new Map(),
    answered: new Set(),
    plugged: '',
  };
  return {
    want(vms, kept) {
      state.wanted = new Map(vms.map((vm) => [vm.name, vm]));
      state.kept = kept;
      state.keptIsNew = true;
      changes.add(RUNTIME);
    },
    setReady(ports) {
      const same =
        ports.size === state.ready.size && [...ports].every(([port, index]) => state.ready.get(port) === index);
      state.ready = ports;
      if (!same) changes.add(RUNTIME);
    },
    attachments: () => currentAttachments(state),
    async run(signal) {
      const context = { options, state, holdOff: createHoldOff(options.clock), wake: changes.add, signal };
      const watching = [forward(options.runtime, changes.add, signal), hearAnswers(context)];
      changes.add(RUNTIME);
      for await (const _names of changes.batches(signal)) await pass(context);
      // What is under way is not waited for: stopping a guest takes a minute, and the next life looks again.
      await Promise.allSettled(watching);
    },
  };
}

async function forward(runtime: VmRuntime, wake: (name: string) => void, signal: AbortSignal): Promise<void> {
  for await (const { name } of runtime.watch(signal)) wake(name);
}

async function hearAnswers({ options, state, wake, signal }: Context): Promise<void> {
  for await (const guest of options.probe?.answers(signal) ?? []) {
    state.answered.add(guest);
    wake(RUNTIME);
  }
}

/** A guest that is still up keeps its ports when it is to stop, so that it can say goodbye to whom it spoke with. */
function currentAttachments({ wanted, saved, observed }: State): ReadonlyMap<string, readonly HeldNic[]> {
  const current = [...saved].filter(([name, { uid }]) => {
    const vm = wanted?.get(name);
    if (vm?.uid !== uid) return false;
    const guest = observed.get(name);
    return vm.state === 'running' || (guest?.uid === uid && !isDown(guest));
  });
  return new Map(current.map(([name, { nics }]) => [name, nics]));
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
    tellPorts(context);
    notePorts(state);
    const names = new Set([...wanted.keys(), ...observed.keys(), ...state.memory.keys(), ...state.busy.keys()]);
    for (const name of names) consider(name, context);
    await keepDisks(context, wanted);
  } catch (error) {
    state.away = { during: 'observe', message: textOf(error) };
    holdOff.attempted(RUNTIME);
    wakeLater(RUNTIME, context);
  }
  askForAnswers(context, wanted);
  for (const name of state.restarts.keys()) if (!wanted.has(name)) state.restarts.delete(name);
  options.onStatus([...wanted.keys()].map((name) => statusOf(name, state)));
}

function statusOf(name: string, state: State): VmStatus {
  const trouble = state.away ?? state.troubles.get(name);
  return vmStatus(name, situation(name, state), {
    ...(trouble === undefined ? {} : { trouble }),
    answered: state.answered.has(bootOf(state.observed.get(name))),
    restarts: state.restarts.get(name) ?? 0,
  });
}

function situation(name: string, state: State): VmSituation {
  const wanted = state.wanted?.get(name);
  const observed = state.observed.get(name);
  const memory = state.memory.get(name);
  return {
    ...(wanted === undefined ? {} : { wanted }),
    ...(observed === undefined ? {} : { observed }),
    ...(memory === undefined ? {} : { memory }),
    isCutOff: (index) => {
      const held = memory?.nics.find((nic) => nic.index === index);
      const now = held === undefined ? undefined : state.ready.get(portKey(held));
      const before = observed === undefined ? undefined : state.ports.get(plugOf(observed, index));
      return now !== undefined && before !== undefined && now !== before;
    },
    isReady: (nic: Nic) => {
      const held = memory?.nics.find((each) => isSame(each, nic));
      return held !== undefined && state.ready.has(portKey(held));
    },
  };
}

/** A guest that went down by itself, or was stopped, has no ports any more, and nobody else tells the network's loop. */
function tellPorts({ options, state }: Context): void {
  const plugged = [...currentAttachments(state)].map(([name, nics]) => [name, ...nics.map(portKey)].join()).join(';');
  if (plugged === state.plugged) return;
  state.plugged = plugged;
  options.onAttachments();
}

/** A TAP's other end does not come back with it; a veth's does, being made with it. */
function notePorts(state: State): void {
  const ports = new Map<string, number>();
  for (const guest of state.observed.values()) {
    for (const plugged of guest.nics ?? []) {
      const held = state.memory.get(guest.name)?.nics.find(({ index }) => index === plugged.index);
      if (held?.attachment.kind !== 'tap') continue;
      const key = plugOf(guest, plugged.index);
      const port = state.ports.get(key) ?? state.ready.get(portKey(held));
      if (port !== undefined) ports.set(key, port);
    }
  }
  state.ports = ports;
}

function plugOf({ name, pid }: VmObserved, index: number): string {
  return `${name} ${pid} ${index}`;
}

/** Disks that were kept of a VM stay until the controller speaks of them no more, or a VM has them. */
async function keepDisks({ options, state }: Context, wanted: ReadonlyMap<string, Vm>): Promise<void> {
  if (!state.keptIsNew) return;
  const asked = [...wanted.values()].flatMap(({ disks }) =>
    disks.flatMap(({ source }) => (source?.kind === 'kept' ? [source.uid] : [])),
  );
  await options.runtime.keepOnly?.(new Set([...state.kept, ...asked]));
  state.keptIsNew = false;
}

/** One boot of a guest. */
function bootOf(observed: VmObserved | undefined): string {
  return `${observed?.name} ${observed?.uid} ${observed?.boot ?? observed?.pid}`;
}

function askForAnswers({ options, state }: Context, wanted: ReadonlyMap<string, Vm>): void {
  if (options.probe === undefined) return;
  const running = [...state.observed.values()].filter((guest) => guest.state === 'running');
  const boots = new Set(running.map(bootOf));
  for (const boot of state.answered) if (!boots.has(boot)) state.answered.delete(boot);
  const silent = running.filter((guest) => guest.guest !== 'ready' && !state.answered.has(bootOf(guest)));
  const targets = silent.flatMap((guest): readonly ProbeTarget[] => {
    const nics = wanted.get(guest.name)?.nics ?? [];
    return nics.flatMap(({ network, address, mac }) => {
      const bridge = options.bridgeOf(network);
      return address === undefined || bridge === undefined ? [] : [{ guest: bootOf(guest), bridge, mac, address }];
    });
  });
  options.probe.ask(targets);
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
  const now = situation(name, state);
  const under = state.busy.get(name);
  if (under !== undefined) {
    if (isGivenUp(under, now)) under.giveUp.abort(new Error('it is not wanted any more'));
    return;
  }
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
  const giveUp = new AbortController();
  state.busy.set(name, { step, uid: now.wanted?.uid, giveUp });
  takeStep(step, name, now, context, giveUp.signal)
    .then(() => state.troubles.delete(name))
    .catch((error: unknown) => {
      if (giveUp.signal.aborted) return;
      if (step !== 'start') holdOff.attempted(name);
      if (step !== 'forget') state.troubles.set(name, { during: step, message: textOf(error) });
    })
    .finally(() => {
      state.busy.delete(name);
      wake(name);
    });
}

/** An image of gigabytes is not fetched to its end for a VM that was deleted meanwhile. */
function isGivenUp({ step, uid }: Work, { wanted, observed }: VmSituation): boolean {
  if (!GIVEN_UP.includes(step)) return false;
  const up = observed !== undefined && isUp(observed) && step === 'prepare';
  return wanted?.uid !== uid || (wanted?.state === 'stopped' && !up);
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
