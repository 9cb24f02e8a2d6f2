import { describe, expect, it } from 'vitest';
import { vm } from '../../test/support/specs.ts';
import { nextStep, type VmMemory, type VmSituation } from './step.ts';

const wanted = vm('web-01', 'web');
const memory: VmMemory = { uid: wanted.uid, attachments: [], started: false };
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
      { wanted, memory, observed: observed('prepared'), portsReady: false },
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
    ['one nobody wants is removed', { memory: started, observed: observed('running') }, 'remove'],
    ['the memory of one that is gone goes', { memory }, 'forget'],
    ['one of another uid is removed first', { wanted, memory, observed: observed('running', 'other') }, 'remove'],
  ])('%s', (_title, situation, step) => {
    expect(nextStep({ portsReady: true, ...situation })).toBe(step);
  });
});
