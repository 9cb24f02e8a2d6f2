import type { VmStatus } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import { vm } from '../../test/support/specs.ts';
import type { VmObserved } from '../model/runtime.ts';
import { type VmNotes, vmStatus } from './vm-status.ts';

const wanted = vm('web-01', 'web');
const quiet: VmNotes = { answered: false, restarts: 0 };
const observed = (more: Partial<VmObserved>): VmObserved => ({
  name: 'web-01',
  uid: wanted.uid,
  state: 'running',
  ...more,
});
const progress = { what: 'image debian-12', bytes: 1, totalBytes: 2 };

describe('vmStatus', () => {
  it.each<[string, VmObserved | undefined, Partial<VmNotes>, Partial<VmStatus>]>([
    ['one that nobody has begun with', undefined, {}, { state: 'pending' }],
    ['one whose image is fetched', observed({ state: 'prepared', progress }), {}, { state: 'pending', progress }],
    [
      'one that waits for its ports',
      observed({ state: 'prepared' }),
      {},
      { state: 'pending', message: 'waiting for its ports' },
    ],
    ['one that boots', observed({ guest: 'booting' }), {}, { state: 'running', guest: 'booting' }],
    ['one that answers', observed({ guest: 'booting' }), { answered: true }, { state: 'running', guest: 'answering' }],
    ['one of which nobody can tell', observed({}), {}, { state: 'running' }],
    ['one that is ready', observed({ guest: 'ready' }), { answered: true }, { state: 'running', guest: 'ready' }],
    [
      'one that stops says no more how far it is',
      observed({ state: 'stopping', guest: 'ready' }),
      {},
      { state: 'stopping' },
    ],
    ['one that was started again', observed({ pid: 7 }), { restarts: 3 }, { state: 'running', pid: 7, restarts: 3 }],
    [
      'one that keeps a NIC',
      observed({}),
      { trouble: { during: 'unplug', message: 'it does not let go' } },
      { state: 'running', message: 'it does not let go' },
    ],
    [
      'one that does not start',
      observed({ state: 'failed' }),
      { trouble: { during: 'start', message: 'no' } },
      { state: 'failed', message: 'no' },
    ],
    [
      'one of a host that is away',
      undefined,
      { trouble: { during: 'observe', message: 'away' } },
      { state: 'pending', message: 'away' },
    ],
  ])('%s', (_title, seen, notes, status) => {
    const situation = { wanted, isReady: () => false, ...(seen === undefined ? {} : { observed: seen }) };
    expect(vmStatus('web-01', situation, { ...quiet, ...notes })).toEqual({ kind: 'vm', name: 'web-01', ...status });
  });
});
