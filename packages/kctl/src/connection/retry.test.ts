import { KcoreError } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import { FakeController } from '../../test/support/fake-controller.ts';
import { Workspace } from '../../test/support/run.ts';
import type { Connect } from './connection.ts';

const lost = new KcoreError('Unavailable', 'the connection was lost while waiting for the answer', {
  outcome: 'unknown',
});
const refused = new KcoreError(
  'Unavailable',
  'cannot reach the controller at wss://10.0.0.1:7443: connection refused',
  {
    remedy: 'check the address',
  },
);

/** A controller that is reached for good only after `failures`, one for each connection. */
function flaky(controller: FakeController, failures: (KcoreError | 'answer lost')[]): Connect {
  return async (access, timeoutMs) => {
    const failure = failures.shift();
    if (failure instanceof KcoreError && failure !== lost) throw failure;
    const connection = await controller.connect(access, timeoutMs);
    if (failure === undefined) return connection;
    return {
      close: () => connection.close(),
      openStream: (...call) => connection.openStream(...call),
      call: async (...call) => {
        // The answer is lost after the controller has done it, the worse of the two cases.
        if (failure === 'answer lost') await connection.call(...call);
        throw lost;
      },
    };
  };
}

describe('a call whose outcome is unknown', () => {
  it('is repeated with the same request id until it is known', async () => {
    await using kctl = await Workspace.open(new FakeController({ 'vm.delete': ({ name }) => ({ name, node: 'n' }) }));
    const connect = flaky(kctl.controller, ['answer lost', refused, lost]);
    expect(await kctl.run('delete vm a', { connect })).toEqual({ exit: 0, stdout: "deleted vm 'a'\n", stderr: '' });
    const ids = kctl.controller.calls.map(({ params }) => (params as { requestId: string }).requestId);
    expect(ids).toEqual(['request-00000001', 'request-00000001']);
    expect(kctl.slept).toEqual([187.5, 375, 750]);
  });

  it('is reported as unknown when time is up, and what to look at (R-40)', async () => {
    await using kctl = await Workspace.open();
    const connect = flaky(kctl.controller, [lost, ...Array.from({ length: 50 }, () => refused)]);
    const ran = await kctl.run('create network private --timeout 10s', { connect });
    expect(ran).toEqual({
      exit: 6,
      stdout: '',
      stderr:
        'Error: Unavailable: the outcome is unknown: the controller at wss://10.0.0.1:7443 did not answer within 10 s; it may have done it or not\n' +
        'Remedy: look before you try again: kctl describe network private\n',
    });
    expect(kctl.slept.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(10_000);
  });

  it('is plain silence when it was only a question', async () => {
    await using kctl = await Workspace.open();
    const connect = flaky(kctl.controller, [lost, ...Array.from({ length: 50 }, () => refused)]);
    const ran = await kctl.run('get vms --timeout 5s', { connect });
    expect(ran.exit).toBe(6);
    expect(ran.stderr).toContain('did not answer within 5 s\n');
    expect(ran.stderr).not.toContain('unknown');
  });

  it('is not repeated when it never left, so that a wrong address is known at once', async () => {
    await using kctl = await Workspace.open();
    const ran = await kctl.run('create network private', { connect: flaky(kctl.controller, [refused]) });
    expect(ran).toEqual({
      exit: 6,
      stdout: '',
      stderr: `Error: Unavailable: ${refused.message}\nRemedy: check the address\n`,
    });
    expect(kctl.slept).toEqual([]);
  });

  it('is not repeated when the controller said no', async () => {
    const no = new KcoreError('PermissionDenied', 'not you', { outcome: 'unknown' });
    await using kctl = await Workspace.open();
    const ran = await kctl.run('get vms', { connect: flaky(kctl.controller, [no]) });
    expect(ran.exit).toBe(9);
    expect(kctl.slept).toEqual([]);
  });
});
