import type { Vm } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import { vm } from '../../test/support/specs.ts';
import { nextStep, toPlug, toRelease, toUnplug, type VmMemory, type VmSituation } from './step.ts';

const wanted = vm('web-01', 'web');
const tap = { kind: 'tap', vnetHeader: true, multiQueue: false } as const;
const held = wanted.nics.map(({ antiSpoofing: _, ...nic }) => ({ ...nic, attachment: tap }));
const memory: VmMemory = { uid: wanted.uid, nics: held, cpu: wanted.cpu, started: false };
const started = { ...memory, started: true };
const observed = (
  state: 'prepared' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed',
  uid = wanted.uid,
) => ({ name: 'web-01', uid, state });
const never = { ...wanted, restartPolicy: 'never' as const };
const always = { ...wanted, restartPolicy: 'always' as const };
const off = { ...wanted, state: 'stopped' as const };

describe('nextStep', () => {
  it.each<[string, Partial<VmSituation>, string]>([
    ['a new VM is prepared', { wanted }, 'prepare'],
    [
      'a prepared one waits for its ports',
      { wanted, memory, observed: observed('prepared'), isReady: () => false },
      'wait',
    ],
    ['a prepared one with ports starts', { wanted, memory, observed: observed('prepared') }, 'start'],
    ['a running one is left alone', { wanted, memory: started, observed: observed('running') }, 'wait'],
    ['a running one nobody remembers is adopted by preparing', { wanted, observed: observed('running') }, 'prepare'],
    ['one that the runtime lost is prepared again', { wanted, memory: started }, 'prepare'],
    ['a crashed one starts again', { wanted, memory: started, observed: observed('failed') }, 'start'],
    ['a crashed one of policy never stays', { wanted: never, memory: started, observed: observed('failed') }, 'wait'],
    ['one that shut down stays', { wanted, memory: started, observed: observed('stopped') }, 'wait'],
    [
      'one that shut down starts under always',
      { wanted: always, memory: started, observed: observed('stopped') },
      'start',
    ],
    ['one that we stopped starts', { wanted: never, memory, observed: observed('stopped') }, 'start'],
    ['one not wanted to run is stopped', { wanted: off, memory: started, observed: observed('running') }, 'stop'],
    ['a stopped one not wanted to run is left alone', { wanted: off, memory, observed: observed('stopped') }, 'wait'],
    [
      'a crash counts no more once it is stopped',
      { wanted: off, memory: started, observed: observed('failed') },
      'stop',
    ],
    ['one not wanted to run is not even prepared', { wanted: off }, 'wait'],
    ['one that is stopping is waited for', { wanted, memory: started, observed: observed('stopping') }, 'wait'],
    [
      'one that got other CPUs meanwhile gets other ports',
      { wanted: { ...wanted, cpu: 2 }, memory, observed: observed('stopped') },
      'prepare',
    ],
    ['one nobody wants is removed', { memory: started, observed: observed('running') }, 'remove'],
    ['the memory of one that is gone goes', { memory }, 'forget'],
    ['one of another uid is removed first', { wanted, memory, observed: observed('running', 'other') }, 'remove'],
  ])('%s', (_title, situation, step) => {
    expect(nextStep({ isReady: () => true, ...situation })).toBe(step);
  });
});

describe('the NICs of a running guest', () => {
  const [first] = wanted.nics;
  const second = {
    ...first,
    index: 1,
    network: 'lan',
    mac: '52:54:00:00:00:01',
    tap: 'tap-2',
    antiSpoofing: true,
  } as Vm['nics'][number];
  const { antiSpoofing: _, ...heldSecond } = { ...second, attachment: tap };
  const both = { ...wanted, nics: [...wanted.nics, second] };
  const has = (...nics: readonly Vm['nics'][number][]) => ({ ...observed('running'), nics });
  const knows = (...nics: VmMemory['nics']) => ({ ...started, nics });
  const one = wanted.nics;

  it.each<[string, Partial<VmSituation>, string]>([
    ['a new one is given a port first', { wanted: both, memory: knows(...held), observed: has(...one) }, 'prepare'],
    [
      'and waits until it is there',
      { wanted: both, memory: knows(...held, heldSecond), observed: has(...one), isReady: () => false },
      'wait',
    ],
    ['and is plugged in then', { wanted: both, memory: knows(...held, heldSecond), observed: has(...one) }, 'plug'],
    ['all plugged in', { wanted: both, memory: knows(...held, heldSecond), observed: has(...both.nics) }, 'wait'],
    [
      'one too many is taken out',
      { wanted, memory: knows(...held, heldSecond), observed: has(...both.nics) },
      'unplug',
    ],
    [
      'its port goes when the guest let go of it',
      { wanted, memory: knows(...held, heldSecond), observed: has(...one) },
      'release',
    ],
    [
      'one too many that nobody remembers is taken out',
      { wanted, memory: knows(...held), observed: has(...both.nics) },
      'unplug',
    ],
    [
      'one whose index and MAC another network’s got is another NIC',
      {
        wanted: { ...wanted, nics: one.map((nic) => ({ ...nic, network: 'lan' })) },
        memory: started,
        observed: has(...one),
      },
      'unplug',
    ],
    [
      'so is one that has another address',
      {
        wanted: { ...wanted, nics: one.map((nic) => ({ ...nic, address: '10.100.0.9' })) },
        memory: started,
        observed: has(...one),
      },
      'unplug',
    ],
    [
      'a runtime that cannot plug leaves them',
      { wanted: both, memory: knows(...held), observed: observed('running') },
      'wait',
    ],
    [
      'of one that is down, they are what is wanted at once',
      { wanted: both, memory: knows(...held), observed: observed('stopped') },
      'prepare',
    ],
  ])('%s', (_title, situation, step) => {
    expect(nextStep({ isReady: () => true, ...situation })).toBe(step);
  });

  it('tells which', () => {
    const running = { wanted, memory: knows(...held, heldSecond), observed: has(...both.nics), isReady: () => true };
    expect(toUnplug(running)).toBe(1);
    expect(toRelease({ ...running, observed: has(...one) })).toEqual([heldSecond]);
    expect(toPlug({ ...running, wanted: both, observed: has(...one) })).toBe(1);
  });
});
