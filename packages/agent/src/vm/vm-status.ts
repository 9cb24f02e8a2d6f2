import type { VmStatus } from '@kcore/contract';
import type { VmSituation } from './step.ts';

export interface VmTrouble {
  readonly during: 'observe' | 'prepare' | 'start' | 'stop' | 'remove';
  readonly message: string;
}

/** What is said of a wanted VM. A guest host that is away makes nothing failed: what ran goes on, we only cannot see it. */
export function vmStatus(name: string, situation: VmSituation, trouble?: VmTrouble): VmStatus {
  const { wanted, observed, portsReady } = situation;
  const base = { kind: 'vm', name } as const;
  const message = trouble?.message ?? observed?.message;
  const said = message === undefined ? {} : { message };
  if (trouble?.during === 'observe') return { ...base, state: 'pending', ...said };
  const current = observed?.uid === wanted?.uid ? observed : undefined;
  if (trouble?.during === 'start') return { ...base, state: 'failed', ...said };
  if (current === undefined || current.state === 'prepared') {
    if (wanted?.state === 'stopped') return { ...base, state: 'stopped', ...said };
    const waiting = current !== undefined && !portsReady ? { message: 'waiting for its ports' } : {};
    return { ...base, state: 'pending', ...waiting, ...said };
  }
  if (wanted?.state === 'stopped' && current.state === 'failed') return { ...base, state: 'stopped', ...said };
  const pid = current.pid === undefined ? {} : { pid: current.pid };
  return { ...base, state: current.state, ...said, ...pid };
}
