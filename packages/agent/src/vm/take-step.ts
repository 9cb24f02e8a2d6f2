import type { Vm } from '@kcore/contract';
import type { Context } from './loop-state.ts';
import {
  type HeldNic,
  isDown,
  isSame,
  type Running,
  toPlug,
  toRelease,
  toUnplug,
  type VmMemory,
  type VmSituation,
  type VmStep,
} from './step.ts';

/** Takes one step of a VM, and remembers what it came to. @param giveUp the step is not wanted any more. */
export async function takeStep(
  step: VmStep,
  name: string,
  now: VmSituation,
  context: Context,
  giveUp: AbortSignal,
): Promise<void> {
  const { runtime } = context.options;
  const { wanted, observed, memory } = now;
  switch (step) {
    case 'wait':
      return;
    case 'remove':
      await runtime.remove(name, observed !== undefined && isKept(observed.uid, context));
      await remember(name, undefined, context);
      return;
    case 'forget':
      await remember(name, undefined, context);
      return;
    case 'stop':
      await runtime.stop(name);
      if (memory !== undefined) await remember(name, { ...memory, started: false }, context);
      return;
    case 'prepare':
      if (wanted !== undefined) await prepare(wanted, now, context, giveUp);
      return;
    case 'start':
      if (wanted !== undefined && memory !== undefined) await start(wanted, memory, context);
      return;
    case 'plug':
    case 'unplug':
    case 'release':
      if (wanted !== undefined && observed !== undefined && memory !== undefined)
        await changeNics(step, { ...now, wanted, observed, memory }, context, giveUp);
      return;
  }
}

/** Its disks are spoken for: by themselves, or by a VM that is to go on with them. */
function isKept(uid: string, { state }: Context): boolean {
  if (state.kept.has(uid)) return true;
  const vms = [...(state.wanted?.values() ?? [])];
  return vms.some(({ disks }) => disks.some(({ source }) => source?.kind === 'kept' && source.uid === uid));
}

async function prepare(wanted: Vm, now: VmSituation, context: Context, giveUp: AbortSignal): Promise<void> {
  const { options, state } = context;
  const { clock } = options;
  const { observed, memory } = now;
  const begun = clock.monotonic();
  const attachments = await options.runtime.prepare(wanted, giveUp);
  const made = wanted.nics.flatMap(({ antiSpoofing: _, ...nic }, position): readonly HeldNic[] => {
    const attachment = attachments[position];
    return attachment === undefined ? [] : [{ ...nic, attachment }];
  });
  // A guest that is up is plugged into what it was given when it started, whatever a new one would get.
  const up = observed !== undefined && !isDown(observed) && memory?.uid === wanted.uid;
  const before = up ? memory.nics : [];
  const nics = [...before, ...made.filter((nic) => !before.some((other) => isSame(nic, other)))];
  const started = up ? memory.started : observed?.state === 'running' || observed?.state === 'starting';
  const since = clock.monotonic();
  state.stopwatches.set(wanted.name, { prepared: since - begun, since });
  const wasDown = observed !== undefined && isDown(observed) && memory?.uid === wanted.uid && memory.started;
  await remember(
    wanted.name,
    { uid: wanted.uid, nics, cpu: up ? memory.cpu : wanted.cpu, started: started || wasDown },
    context,
  );
}

async function start(wanted: Vm, memory: VmMemory, context: Context): Promise<void> {
  const { options, state, holdOff } = context;
  const { name } = wanted;
  const begun = options.clock.monotonic();
  // Held off from here on, so that a guest which crashes at once is not started in a tight loop.
  holdOff.attempted(name);
  const mtus = wanted.nics.map(({ network }) => options.mtuOf(network));
  if (memory.started) state.restarts.set(name, (state.restarts.get(name) ?? 0) + 1);
  await options.runtime.start(wanted, options.seed(wanted), mtus);
  await remember(name, { ...memory, started: true }, context);
  const took = Math.round(options.clock.monotonic() - begun);
  const watch = state.stopwatches.get(name);
  state.stopwatches.delete(name);
  const before =
    watch === undefined
      ? ''
      : `prepared in ${Math.round(watch.prepared)} ms, ports in ${Math.round(begun - watch.since)} ms, `;
  options.onEvent({ type: 'VmStarted', object: `vm/${name}`, message: `${before}started in ${took} ms` });
}

async function changeNics(
  step: 'plug' | 'unplug' | 'release',
  running: Running,
  context: Context,
  giveUp: AbortSignal,
): Promise<void> {
  const { options } = context;
  const { runtime } = options;
  const { wanted, memory } = running;
  if (step === 'release') {
    const gone = toRelease(running);
    await remember(wanted.name, { ...memory, nics: memory.nics.filter((nic) => !gone.includes(nic)) }, context);
  } else if (step === 'unplug') {
    const index = toUnplug(running);
    if (index === undefined) return;
    await runtime.unplug?.(wanted.name, index, giveUp);
    options.onEvent({ type: 'NicUnplugged', object: `vm/${wanted.name}`, message: `the guest let go of eth${index}` });
  } else {
    const index = toPlug(running);
    const nic = wanted.nics.find((each) => each.index === index);
    if (nic === undefined) return;
    await runtime.plug?.(wanted, nic.index, options.seed(wanted), options.mtuOf(nic.network));
    options.onEvent({
      type: 'NicPlugged',
      object: `vm/${wanted.name}`,
      message: `the guest has eth${nic.index} on network '${nic.network}'`,
    });
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
