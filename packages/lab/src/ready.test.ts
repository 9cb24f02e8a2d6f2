import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KcoreError } from '@kcore/contract';
import { afterAll, expect, test } from 'vitest';
import type { ClusterFiles, LabCall } from './backend.ts';
import { processRef } from './process.ts';
import { isNodeReady, labController, waitUntil } from './ready.ts';
import type { ProcessRef } from './state.ts';

const scratch = await mkdtemp(join(tmpdir(), 'kct-'));
afterAll(() => rm(scratch, { recursive: true }));

const self = processRef(process.pid) as ProcessRef;
const awaited = { what: 'controller', process: self, log: join(scratch, 'log'), timeoutMs: 10_000 };

test('nobody there yet counts as not yet', async () => {
  const answers = [new KcoreError('Unavailable', 'nobody'), false, true];
  await waitUntil(awaited, async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer ?? false;
  });
  expect(answers).toEqual([]);
});

test('another error ends the waiting at once', async () => {
  const ask = async () => {
    throw new KcoreError('Unauthenticated', 'not let in');
  };
  await expect(waitUntil(awaited, ask)).rejects.toMatchObject({ code: 'Unauthenticated' });
});

test('a dead process ends the waiting with its last words', async () => {
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  const dead = processRef(child.pid ?? 0) as ProcessRef;
  await once(child, 'exit');
  await writeFile(awaited.log, 'listening\nError: the disk is full\n');
  await expect(waitUntil({ ...awaited, process: dead }, async () => false)).rejects.toThrow(
    'controller: its process ended: listening | Error: the disk is full',
  );
});

test('waiting has an end', async () => {
  await expect(waitUntil({ ...awaited, timeoutMs: 60 }, async () => false)).rejects.toMatchObject({
    code: 'DeadlineExceeded',
  });
});

function controller(node: string, network: string) {
  const call = (async (_url: string, _files: ClusterFiles, method: string) =>
    method === 'node.list'
      ? { nodes: [{ name: 'node-1', state: node }] }
      : { nodes: [{ node: 'node-1', state: network }] }) as unknown as LabCall;
  return labController('unix:/nowhere', {} as ClusterFiles, call);
}

test.each([
  ['ready', 'ready', true],
  ['unknown', 'ready', false],
  ['ready', 'pending', false],
  ['ready', 'error', false],
])('R-23: a node is ready with its session (%s) and its default network (%s): %s', async (node, network, ready) => {
  expect(await isNodeReady(controller(node, network), 'node-1')).toBe(ready);
  expect(await isNodeReady(controller(node, network), 'node-2')).toBe(false);
});
