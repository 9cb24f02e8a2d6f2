import type { VmStatus } from '@kcore/contract';
import type { VmSituation, VmStep } from './step.ts';

export interface VmTrouble {
  readonly during: 'observe' | Exclude<VmStep, 'wait' | 'forget'>;
  readonly message: string;
}

/** What is known of a VM beside its situation. */
export interface VmNotes {
  readonly trouble?: VmTrouble;
  /** It answered at one of its addresses since it booted. */
  readonly answered: boolean;
  readonly restarts: number;
}

/** What is said of a wanted VM. A guest host that is away makes nothing failed: what ran goes on, we only cannot see it. */
export function vmStatus(name: string, situation: VmSituation, notes: VmNotes): VmStatus {
  const { wanted, observed } = situation;
  const { trouble, restarts } = notes;
  const base = { kind: 'vm', name, ...(restarts === 0 ? {} : { restarts }) } as const;
  const message = trouble?.message ?? observed?.message;
  const said = message === undefined ? {} : { message };
  if (trouble?.during === 'observe') return { ...base, state: 'pending', ...said };
  const current = observed?.uid === wanted?.uid ? observed : undefined;
  if (trouble?.during === 'start') return { ...base, state: 'failed', ...said };
  const progress = current?.progress === undefined ? {} : { progress: current.progress };
  if (current === undefined || current.state === 'prepared') {
    if (wanted?.state === 'stopped') return { ...base, state: 'stopped', ...said };
    const portsReady = wanted?.nics.every((nic) => situation.isReady(nic)) ?? true;
    const waits = current !== undefined && !portsReady && current.progress === undefined;
    return { ...base, state: 'pending', ...(waits ? { message: 'waiting for its ports' } : {}), ...said, ...progress };
  }
  if (wanted?.state === 'stopped' && current.state === 'failed') return { ...base, state: 'stopped', ...said };
  const pid = current.pid === undefined ? {} : { pid: current.pid };
  const guest = current.state === 'running' ? guestOf(current.guest, notes.answered) : {};
  return { ...base, state: current.state, ...said, ...pid, ...guest, ...progress };
}

function guestOf(told: VmStatus['guest'], answered: boolean): Pick<VmStatus, 'guest'> {
  if (answered && told !== 'ready') return { guest: 'answering' };
  return told === undefined ? {} : { guest: told };
}
