import type { VmRuntime } from '../model/runtime.ts';

const REFUSAL =
  'this node runs no VMs: its agent has no VM runtime; set "runtime": {"kind": "namespace", "socket": "<path>"} in the agent\'s configuration file';

/** The runtime of a node that only carries networks. A VM assigned to it stays pending, with the remedy. */
export function createNoRuntime(): VmRuntime {
  const refuse = async (): Promise<never> => {
    throw new Error(REFUSAL);
  };
  return {
    description: 'none',
    observe: async () => [],
    prepare: refuse,
    start: refuse,
    stop: async () => {},
    remove: async () => {},
    async *watch() {},
    async [Symbol.asyncDispose](): Promise<void> {},
  };
}
