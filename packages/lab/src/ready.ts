import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_NETWORK, KcoreError, type MethodName, type Params, type Result } from '@kcore/contract';
import type { ClusterFiles, LabCall } from './backend.ts';
import { isAlive } from './process.ts';
import type { ProcessRef } from './state.ts';

/** The controller of a lab, as its administrator sees it. */
export interface LabController {
  call<M extends MethodName>(method: M, params: Params<M>): Promise<Result<M>>;
}

export function labController(url: string, files: ClusterFiles, call: LabCall): LabController {
  return { call: (method, params) => call(url, files, method, params) };
}

const FIRST_PAUSE = 25;
const LONGEST_PAUSE = 250;

/** What is waited for, and the process that must live for it to come true. */
export interface Awaited {
  readonly what: string;
  readonly process: ProcessRef;
  readonly log: string;
  readonly timeoutMs: number;
}

/**
 * Asks until the answer is yes. A call that finds nobody counts as no.
 * @throws {KcoreError} Internal as soon as the process is dead, with the end of its log; DeadlineExceeded.
 */
export async function waitUntil(awaited: Awaited, ask: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + awaited.timeoutMs;
  let last: unknown;
  for (let pause = FIRST_PAUSE; performance.now() < deadline; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    if (!isAlive(awaited.process)) {
      throw new KcoreError('Internal', `${awaited.what}: its process ended: ${await endOf(awaited.log)}`, {
        log: awaited.log,
      });
    }
    try {
      if (await ask()) return;
    } catch (error) {
      if (!(error instanceof KcoreError) || (error.code !== 'Unavailable' && error.code !== 'NotFound')) throw error;
      last = error;
    }
    await sleep(pause);
  }
  const seconds = Math.round(awaited.timeoutMs / 1000);
  throw new KcoreError('DeadlineExceeded', `${awaited.what}: not within ${seconds} s`, { log: awaited.log }, last);
}

/** An agent that cannot run ends within this time, milliseconds. */
const SETTLING = 1_000;

/**
 * Waits until a process may be taken to have started well, where there is nobody to ask.
 * @throws {KcoreError} Internal when it ended, with the end of its log.
 */
export async function waitSettled({ what, process, log }: Omit<Awaited, 'timeoutMs'>): Promise<void> {
  const since = performance.now();
  await waitUntil({ what, process, log, timeoutMs: 2 * SETTLING }, async () => performance.now() - since > SETTLING);
}

async function endOf(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-3).join(' | ') || `nothing in ${log}`;
}

/** Whether the node has its session and its default network stands. */
export async function isNodeReady(controller: LabController, node: string): Promise<boolean> {
  const { nodes } = await controller.call('node.list', {});
  if (nodes.find((other) => other.name === node)?.state !== 'ready') return false;
  const description = await controller.call('network.get', { name: DEFAULT_NETWORK });
  return description.nodes.find((other) => other.node === node)?.state === 'ready';
}
