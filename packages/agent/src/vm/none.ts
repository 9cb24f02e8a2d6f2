import type { VmRuntime } from '../model/runtime.ts';

const NOT_CONFIGURED =
  'this node runs no VMs: its agent is told so by "runtime": {"kind": "none"} in its configuration file; take that out';

/** The runtime of a node that only carries networks. A VM assigned to it stays pending, with the reason and the remedy. */
export function createNoRuntime(reason: string = NOT_CONFIGURED): VmRuntime {
  const refuse = async (): Promise<never> => {
    throw new Error(reason);
  };
  return {
    description: 'none',
    room: { kind: 'none', reason },
    observe: async () => [],
    prepare: refuse,
    start: refuse,
    stop: async () => {},
    remove: async () => {},
    async *watch() {},
    async [Symbol.asyncDispose](): Promise<void> {},
  };
}
