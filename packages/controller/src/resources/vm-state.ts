import type { VmState } from '@kcore/contract';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import { vmNamed } from './lookup.ts';
import type { AppliedVm } from './vm-apply.ts';

/** Starts or stops a VM. Its node does it; whether it is done is in the VM's status. @throws {KcoreError} NotFound */
export function setVmState(tx: Transaction, name: string, state: VmState): AppliedVm {
  const vm = vmNamed(tx, name);
  if (vm.state === state) return { outcome: 'unchanged', vm, changes: [] };
  const wanted = { ...vm, state };
  tx.put(keys.vm(name), wanted);
  return { outcome: 'configured', vm: wanted, changes: [`state: ${vm.state} → ${state}`] };
}
