import { roundBytes, type VmView } from '@kcore/contract';
import { printable } from '../text/table.ts';

/** What a VM is waited for: that it runs and its guest answers, that it is stopped, or that its node has taken a change. */
export type Goal = 'up' | 'down' | 'taken';

/** How far a VM is on its way to a goal. Pure. */
export interface Phase {
  /** One line, for a person. */
  readonly text: string;
  /** Phases of one step are shown once where lines cannot be drawn over. */
  readonly step: string;
  /** `settled`: it is there if it is there a moment later still. `failed`: so, too, since a VM may be started again at once. */
  readonly outcome?: 'done' | 'settled' | 'failed';
}

/** Percent from one line to the next, where lines cannot be drawn over. */
const STEP_PERCENT = 10;

export function phaseOf({ vm, status, pending }: VmView, goal: Goal): Phase {
  const node = printable(vm.node);
  if (status === undefined && goal !== 'taken') return phase(`waiting for node '${node}'`);
  if (pending === true) return phase(`node '${node}' has not taken it yet`);
  if (goal === 'taken') return phase(`node '${node}' has taken it`, 'done');
  const { state, message, progress } = status ?? { state: 'pending' as const };
  const because = message === undefined ? '' : `: ${printable(message)}`;
  if (state === 'failed') return phase(`failed${because}`, 'failed');
  if (goal === 'down') return state === 'stopped' ? phase('stopped', 'done') : phase('stopping');
  if (progress !== undefined) return downloading(progress);
  if (state === 'running') return running({ vm, ...(status === undefined ? {} : { status }) });
  return phase(`${state === 'pending' ? 'preparing' : state} on node '${node}'${because}`);
}

function phase(text: string, outcome?: Phase['outcome']): Phase {
  return { text, step: text, ...(outcome === undefined ? {} : { outcome }) };
}

function running({ vm, status }: VmView): Phase {
  switch (status?.guest) {
    case 'booting':
      return phase('running; the guest boots');
    case 'answering':
      return phase(`the guest answers${addressesOf(vm)}`, 'done');
    case 'ready':
      return phase(`ready: cloud-init has finished${addressesOf(vm)}`, 'done');
    case undefined:
      return phase(`running${addressesOf(vm)}`, 'settled');
  }
}

function addressesOf({ nics }: VmView['vm']): string {
  const addresses = nics.flatMap(({ address }) => (address === undefined ? [] : [address]));
  return addresses.length === 0 ? '' : ` (${addresses.join(', ')})`;
}

function downloading({ what, bytes, totalBytes }: NonNullable<NonNullable<VmView['status']>['progress']>): Phase {
  const name = printable(what);
  if (totalBytes === undefined || totalBytes <= 0) return { text: `${name}: ${roundBytes(bytes)}`, step: name };
  const percent = Math.min(100, Math.floor((100 * bytes) / totalBytes));
  return {
    text: `${name}: ${roundBytes(bytes)} of ${roundBytes(totalBytes)} (${percent} %)`,
    step: `${name} ${Math.floor(percent / STEP_PERCENT)}`,
  };
}
