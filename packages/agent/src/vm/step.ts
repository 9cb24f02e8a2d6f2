import type { Nic, Vm } from '@kcore/contract';
import * as v from 'valibot';
import type { NicAttachment, VmObserved } from '../model/runtime.ts';

const Attachment = v.variant('kind', [
  v.strictObject({
    kind: v.literal('tap'),
    owner: v.exactOptional(v.number()),
    vnetHeader: v.boolean(),
    multiQueue: v.boolean(),
  }),
  v.strictObject({ kind: v.literal('veth'), netns: v.string(), name: v.string() }),
]) satisfies v.GenericSchema<unknown, NicAttachment>;

/** A NIC with what it is plugged into. One whose VM does not want it any more keeps its port until the guest let go of it. */
const HeldNic = v.strictObject({
  index: v.number(),
  network: v.string(),
  mac: v.string(),
  address: v.exactOptional(v.string()),
  tap: v.string(),
  attachment: Attachment,
});
export type HeldNic = v.InferOutput<typeof HeldNic>;

/** What the agent knows of a VM that it cannot see: kept on disk, so that a restart adopts the guest as it is. */
export const VmMemory = v.strictObject({
  uid: v.string(),
  nics: v.array(HeldNic),
  /** CPUs that the attachments were made for. */
  cpu: v.number(),
  /** We started it and have not stopped it: if it is down now, it went down by itself. */
  started: v.boolean(),
});
export type VmMemory = v.InferOutput<typeof VmMemory>;

export type VmStep = 'prepare' | 'start' | 'stop' | 'remove' | 'forget' | 'plug' | 'unplug' | 'release' | 'wait';

export interface VmSituation {
  readonly wanted?: Vm;
  readonly observed?: VmObserved;
  readonly memory?: VmMemory;
  /** Whether a NIC is plugged in, with the rules that guard it. */
  readonly isReady: (nic: Nic) => boolean;
  /** Whether the port that a running guest's NIC is plugged into is not the one that is there now. */
  readonly isCutOff?: (index: number) => boolean;
}

/** The one thing to do next for a VM. Level-based: after doing it, look again. */
export function nextStep(situation: VmSituation): VmStep {
  const { wanted, observed, memory, isReady } = situation;
  if (wanted === undefined) return observed !== undefined ? 'remove' : memory !== undefined ? 'forget' : 'wait';
  if (observed !== undefined && observed.uid !== wanted.uid) return 'remove';
  // One that crashed is stopped as well, so that the crash no longer counts when it is wanted again.
  if (wanted.state === 'stopped')
    return observed !== undefined && (isUp(observed) || memory?.started === true) ? 'stop' : 'wait';
  if (observed === undefined || memory?.uid !== wanted.uid) return 'prepare';
  if (isDown(observed)) {
    if (!isPreparedFor(wanted, memory)) return 'prepare';
    return mayStart(wanted, observed, memory) && wanted.nics.every(isReady) ? 'start' : 'wait';
  }
  return observed.state === 'running' ? nicStep({ ...situation, wanted, observed, memory }) : 'wait';
}

export interface Running extends VmSituation {
  readonly wanted: Vm;
  readonly observed: VmObserved;
  readonly memory: VmMemory;
}

/** Brings the NICs of a running guest to what is wanted, one after the other. */
function nicStep(running: Running): VmStep {
  if (running.observed.nics === undefined) return 'wait';
  if (toUnplug(running) !== undefined) return 'unplug';
  if (toRelease(running).length > 0) return 'release';
  if (running.wanted.nics.some((nic) => !isHeld(nic, running.memory))) return 'prepare';
  return toPlug(running) === undefined ? 'wait' : 'plug';
}

/** Index of a NIC that the guest has and is not to have. */
export function toUnplug({ wanted, observed, memory, isCutOff }: Running): number | undefined {
  const stays = (plugged: PluggedNic): boolean => {
    // Somebody deleted the port, and it was made again: the guest's end hangs in the air until it is plugged in again.
    if (isCutOff?.(plugged.index) === true) return false;
    const nic = wanted.nics.find((each) => isPlugged(each, plugged));
    const held = memory.nics.find((each) => isPlugged(each, plugged));
    return nic !== undefined && (held === undefined || isSame(held, nic));
  };
  return observed.nics?.find((plugged) => !stays(plugged))?.index;
}

/** NICs whose ports are there for nobody: the VM does not want them, and the guest has them no more. */
export function toRelease({ wanted, observed, memory }: Running): readonly HeldNic[] {
  return memory.nics.filter(
    (held) =>
      !wanted.nics.some((nic) => isSame(held, nic)) && !observed.nics?.some((plugged) => isPlugged(held, plugged)),
  );
}

/** Index of a NIC whose port is ready, and that the guest has not got. */
export function toPlug({ wanted, observed, memory, isReady }: Running): number | undefined {
  const missing = wanted.nics.filter((nic) => !observed.nics?.some((plugged) => isPlugged(nic, plugged)));
  return missing.find((nic) => isHeld(nic, memory) && isReady(nic))?.index;
}

type PluggedNic = NonNullable<VmObserved['nics']>[number];
type Identity = Pick<Nic, 'index' | 'mac' | 'network' | 'address'>;

function isPlugged(nic: Pick<Nic, 'index' | 'mac'>, plugged: PluggedNic): boolean {
  return nic.index === plugged.index && nic.mac === plugged.mac;
}

/** An index is used again for another NIC, which may even get the same MAC: a guest must learn that it is another. */
export function isSame(a: Identity, b: Identity): boolean {
  return a.index === b.index && a.mac === b.mac && a.network === b.network && a.address === b.address;
}

/** A NIC's port as a text: that of another NIC, or of the same one plugged in otherwise, is another. */
export function portKey(nic: HeldNic): string {
  return JSON.stringify([nic.tap, nic.index, nic.mac, nic.network, nic.address, nic.attachment]);
}

function isHeld(nic: Nic, { nics }: VmMemory): boolean {
  return nics.some((held) => isSame(held, nic));
}

/** The TAP of a guest with several CPUs is another one than that of a guest with one. */
function isPreparedFor({ nics, cpu }: Vm, memory: VmMemory): boolean {
  return memory.cpu === cpu && memory.nics.length === nics.length && nics.every((nic) => isHeld(nic, memory));
}

export function isUp({ state }: VmObserved): boolean {
  return state === 'running' || state === 'starting';
}

export function isDown({ state }: VmObserved): boolean {
  return state === 'prepared' || state === 'stopped' || state === 'failed';
}

/** The restart policy speaks only of a guest that went down by itself. */
function mayStart(wanted: Vm, observed: VmObserved, memory: VmMemory): boolean {
  if (observed.state === 'prepared' || !memory.started) return true;
  if (observed.state === 'failed') return wanted.restartPolicy !== 'never';
  return wanted.restartPolicy === 'always';
}
