import type { Vm } from '@kcore/contract';
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

/** What the agent knows of a VM that it cannot see: kept on disk, so that a restart adopts the guest as it is. */
export const VmMemory = v.strictObject({
  uid: v.string(),
  attachments: v.array(Attachment),
  /** We started it and have not stopped it: if it is down now, it went down by itself. */
  started: v.boolean(),
});
export type VmMemory = v.InferOutput<typeof VmMemory>;

export type VmStep = 'prepare' | 'start' | 'stop' | 'remove' | 'forget' | 'wait';

export interface VmSituation {
  readonly wanted?: Vm;
  readonly observed?: VmObserved;
  readonly memory?: VmMemory;
  /** Whether all its NICs are plugged in, with the rules that guard them. */
  readonly portsReady: boolean;
}

/** The one thing to do next for a VM. Level-based: after doing it, look again. */
export function nextStep({ wanted, observed, memory, portsReady }: VmSituation): VmStep {
  if (wanted === undefined) return observed !== undefined ? 'remove' : memory !== undefined ? 'forget' : 'wait';
  if (observed !== undefined && observed.uid !== wanted.uid) return 'remove';
  // One that crashed is stopped as well, so that the crash no longer counts when it is wanted again.
  if (wanted.state === 'stopped')
    return observed !== undefined && (isUp(observed) || memory?.started === true) ? 'stop' : 'wait';
  if (observed === undefined || memory?.uid !== wanted.uid) return 'prepare';
  return isDown(observed) && mayStart(wanted, observed, memory) && portsReady ? 'start' : 'wait';
}

function isUp(observed: VmObserved): boolean {
  return observed.state === 'running' || observed.state === 'starting';
}

function isDown(observed: VmObserved): boolean {
  return observed.state === 'prepared' || observed.state === 'stopped' || observed.state === 'failed';
}

/** The restart policy speaks only of a guest that went down by itself. */
function mayStart(wanted: Vm, observed: VmObserved, memory: VmMemory): boolean {
  if (observed.state === 'prepared' || !memory.started) return true;
  if (observed.state === 'failed') return wanted.restartPolicy !== 'never';
  return wanted.restartPolicy === 'always';
}
