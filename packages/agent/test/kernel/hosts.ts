import type { Kernel, Resource, Wakeup } from '@kcore/agent';
import { createKernel, MemoryKernel } from '@kcore/agent';
import { inNamespace, type TestNamespace, testNamespace } from './witness.ts';

/** A host to hold a Kernel to: one in memory, and one in a network namespace of its own. */
export interface TestHost extends AsyncDisposable {
  readonly kernel: Kernel;
  /** Plugs in a link of others, set up. */
  addNic(name: string): Promise<void>;
  /** What a hand does behind kcore's back. */
  deleteLink(name: string): Promise<void>;
  /** Undefined in memory. */
  readonly namespace?: TestNamespace;
}

export async function memoryHost(): Promise<TestHost> {
  const kernel = new MemoryKernel();
  return {
    kernel,
    async addNic(name) {
      kernel.addNic({ name, up: true });
    },
    async deleteLink(name) {
      kernel.damage(`link ${name} deleted`, (host) => host.remove(`link ${name}`));
    },
    [Symbol.asyncDispose]: () => kernel[Symbol.asyncDispose](),
  };
}

export async function netlinkHost(): Promise<TestHost> {
  const namespace = await testNamespace('host');
  const kernel = await createKernel({ netns: namespace.path });
  return {
    kernel,
    namespace,
    async addNic(name) {
      await inNamespace(namespace, 'ip', 'link', 'add', 'name', name, 'type', 'veth', 'peer', 'name', `${name}-peer`);
      await inNamespace(namespace, 'ip', 'link', 'set', 'dev', name, 'up');
      await inNamespace(namespace, 'ip', 'link', 'set', 'dev', `${name}-peer`, 'up');
    },
    async deleteLink(name) {
      await inNamespace(namespace, 'ip', 'link', 'delete', 'dev', name);
    },
    async [Symbol.asyncDispose]() {
      await kernel[Symbol.asyncDispose]();
      await namespace[Symbol.asyncDispose]();
    },
  };
}

/** Creates all of it, in this order. */
export function creation(...resources: readonly Resource[]) {
  return resources.map((want) => ({ op: 'create' as const, want, reason: 'test' }));
}

export function deletion(...resources: readonly Resource[]) {
  return resources.map((have) => ({ op: 'delete' as const, have, reason: 'test' }));
}

/** The first wakeup that matches, of a watch that began before `act`. */
export async function woken(kernel: Kernel, wanted: RegExp, act: () => Promise<unknown>): Promise<Wakeup> {
  const abort = new AbortController();
  try {
    const wakeups = kernel.watch(abort.signal)[Symbol.asyncIterator]();
    const first = wakeups.next();
    await act();
    for (let next = await first; next.done !== true; next = await wakeups.next()) {
      if (wanted.test(next.value.notification)) return next.value;
    }
    throw new Error('the watch ended');
  } finally {
    abort.abort();
  }
}
