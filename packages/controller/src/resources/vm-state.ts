import type { VmState } from '@kcore/contract';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { vmNamed } from './lookup.ts';
import type { AppliedVm } from './vm-apply.ts';
import { checkGrowth } from './vm-growth.ts';

/**
 * Starts or stops a VM. Its node does it; whether it is done is in the VM's status. What a stopped VM had of its node's
 * CPUs and memory is others' to have, so that starting it may find no room.
 * @throws {KcoreError} NotFound; ResourceExhausted
 */
export function setVmState(tx: Transaction, context: Context, name: string, state: VmState): AppliedVm {
  const vm = vmNamed(tx, name);
  if (vm.state === state) return { outcome: 'unchanged', vm, changes: [] };
  const wanted = { ...vm, state };
  checkGrowth(tx, context, vm, wanted);
  tx.put(keys.vm(name), wanted);
  return { outcome: 'configured', vm: wanted, changes: [`state: ${vm.state} → ${state}`] };
}
