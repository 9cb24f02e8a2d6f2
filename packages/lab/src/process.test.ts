import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { endProcesses, isAlive, processesIn, processRef, signal } from './process.ts';

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function start(script: string) {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  await once(child.stdout, 'data');
  const ref = processRef(child.pid ?? 0);
  if (ref === undefined) throw new Error('no process');
  return { child, ref };
}

const PATIENT = 'console.log(1); setInterval(() => {}, 1000)';
const STUBBORN = `process.on('SIGTERM', () => {}); ${PATIENT}`;

test('a process is ended when asked', async () => {
  const { child, ref } = await start(PATIENT);
  expect(isAlive(ref)).toBe(true);
  const gone = once(child, 'exit');
  expect(await endProcesses([ref], 10_000)).toEqual([]);
  await gone;
  expect(child.signalCode).toBe('SIGTERM');
  expect(isAlive(ref)).toBe(false);
});

test('a process that does not end when asked is forced', async () => {
  const { child, ref } = await start(STUBBORN);
  const gone = once(child, 'exit');
  expect(await endProcesses([ref], 50)).toEqual([]);
  await gone;
  expect(child.signalCode).toBe('SIGKILL');
});

test('a pid that another process has got since is left alone', async () => {
  const { child, ref } = await start(PATIENT);
  const former = { pid: ref.pid, startTime: ref.startTime - 1 };
  signal(former, 'SIGKILL');
  expect(await endProcesses([former], 50)).toEqual([]);
  expect(child.exitCode).toBeNull();
  expect(isAlive(ref)).toBe(true);
});

test('processes are found by their network namespace, without the one that asks', async () => {
  const { ref } = await start(PATIENT);
  const found = processesIn(['/proc/self/ns/net']).map(({ pid }) => pid);
  expect(found).toContain(ref.pid);
  expect(found).not.toContain(process.pid);
  expect(processesIn(['/run/netns/there-is-none'])).toEqual([]);
});
