import type { VmView } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import { type Goal, phaseOf } from './phase.ts';

type Status = NonNullable<VmView['status']>;

const vm: VmView['vm'] = {
  name: 'web-01',
  uid: 'u',
  node: 'node-1',
  cpu: 1,
  memoryBytes: 2 ** 30,
  storageBackend: 'filesystem',
  disks: [],
  nics: [{ index: 0, network: 'n', mac: '52:54:00:00:00:01', address: '10.0.0.2', tap: 't', antiSpoofing: true }],
  state: 'running',
  hostname: 'web-01',
  sshKeys: [],
  restartPolicy: 'always',
  createdAt: '2026-11-22T10:00:00Z',
};

const image = { what: 'image debian-12', bytes: 126 * 2 ** 20 };

describe('phases of a VM', () => {
  it.each<[Goal, Partial<Status> | undefined, string, string | undefined]>([
    ['up', undefined, "waiting for node 'node-1'", undefined],
    ['up', { state: 'pending' }, "preparing on node 'node-1'", undefined],
    ['up', { state: 'pending', message: 'no room' }, "preparing on node 'node-1': no room", undefined],
    ['up', { state: 'pending', progress: image }, 'image debian-12: 126M', undefined],
    [
      'up',
      { state: 'pending', progress: { ...image, totalBytes: 600 * 2 ** 20 } },
      'image debian-12: 126M of 600M (21 %)',
      undefined,
    ],
    ['up', { state: 'starting' }, "starting on node 'node-1'", undefined],
    ['up', { state: 'running', guest: 'booting' }, 'running; the guest boots', undefined],
    ['up', { state: 'running', guest: 'answering' }, 'the guest answers (10.0.0.2)', 'done'],
    ['up', { state: 'running', guest: 'ready' }, 'ready: cloud-init has finished (10.0.0.2)', 'done'],
    ['up', { state: 'running' }, 'running (10.0.0.2)', 'settled'],
    ['up', { state: 'failed', message: 'no\u001b[2Jsuch image' }, 'failed: no\ufffd[2Jsuch image', 'failed'],
    ['up', { state: 'stopped' }, "stopped on node 'node-1'", undefined],
    ['down', { state: 'running', guest: 'ready' }, 'stopping', undefined],
    ['down', { state: 'stopped' }, 'stopped', 'done'],
    ['taken', { state: 'running', guest: 'booting' }, "node 'node-1' has taken it", 'done'],
    ['taken', undefined, "node 'node-1' has taken it", 'done'],
  ])('%s: %j is %s', (goal, status, text, outcome) => {
    const view = status === undefined ? { vm } : { vm, status: { kind: 'vm', name: 'web-01', ...status } as Status };
    expect(phaseOf(view, goal)).toMatchObject({ text, ...(outcome === undefined ? {} : { outcome }) });
    expect(phaseOf(view, goal).outcome).toBe(outcome);
  });

  it.each<Goal>(['up', 'down', 'taken'])(
    '%s: what a node said before it took the change counts for nothing',
    (goal) => {
      for (const state of ['running', 'stopped', 'failed'] as const) {
        const status: Status = { kind: 'vm', name: 'web-01', state, guest: 'ready' };
        expect(phaseOf({ vm, status, pending: true }, goal)).toEqual({
          text: "node 'node-1' has not taken it yet",
          step: "node 'node-1' has not taken it yet",
        });
      }
    },
  );

  it('has a step every ten percent', () => {
    const steps = [0, 1, 9, 10, 55, 99, 100, 200].map((bytes) => {
      const progress = { what: 'image', bytes, totalBytes: 100 };
      return phaseOf({ vm, status: { kind: 'vm', name: 'web-01', state: 'pending', progress } }, 'up').step;
    });
    expect(steps).toEqual(['image 0', 'image 0', 'image 0', 'image 1', 'image 5', 'image 9', 'image 10', 'image 10']);
  });
});
