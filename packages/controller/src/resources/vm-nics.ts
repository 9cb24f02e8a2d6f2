import { type Nic, type NicSpec, notFound, type Vm } from '@kcore/contract';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { vmNamed } from './lookup.ts';
import { bindNic, freeNic } from './nic-bind.ts';
import { freeIndex, planNics } from './nic-plan.ts';
import { MAX_NICS, tooManyNics } from './vm-decide.ts';

/** A NIC more, whether the VM runs or not. @throws {KcoreError} NotFound; FailedPrecondition; and as for a new VM. */
export function attachNic(tx: Transaction, context: Context, name: string, spec: NicSpec): { vm: Vm; nic: Nic } {
  const vm = vmNamed(tx, name);
  if (vm.nics.length >= MAX_NICS) throw tooManyNics(vm.nics.length + 1);
  const nic = bindNic(tx, context, { vm: name, nic: freeIndex(vm.nics), node: vm.node }, spec);
  const wanted = { ...vm, nics: inOrder([...vm.nics, nic]) };
  tx.put(keys.vm(name), wanted);
  return { vm: wanted, nic };
}

/** A NIC less; its address rests and is free then. @throws {KcoreError} NotFound */
export function detachNic(tx: Transaction, context: Context, name: string, index: number): { vm: Vm; nic: Nic } {
  const vm = vmNamed(tx, name);
  const nic = vm.nics.find((each) => each.index === index);
  if (nic === undefined) {
    const there = vm.nics.map((each) => each.index).join(', ') || 'none';
    throw notFound(`VM '${name}' has no NIC ${index}; it has ${there}`, { remedy: `kctl describe vm ${name}` });
  }
  const nics = vm.nics.filter((each) => each !== nic);
  freeNic(tx, nic, vm, nics, context.time.stamp(tx));
  const wanted = { ...vm, nics };
  tx.put(keys.vm(name), wanted);
  return { vm: wanted, nic };
}

export interface ChangedNics {
  readonly nics: Nic[];
  /** `nics: + 1 private 10.250.0.3`. */
  readonly changes: readonly string[];
}

/** Makes the NICs what a manifest says. First go those that are not in it, so that what they had can be asked for by others. */
export function changeNics(tx: Transaction, context: Context, vm: Vm, wanted: readonly NicSpec[]): ChangedNics {
  const { kept, gone, fresh } = planNics(vm.nics, wanted);
  const changes: string[] = [];
  let nics = kept.map(({ nic, spec: { antiSpoofing = true } }) => {
    if (nic.antiSpoofing === antiSpoofing) return nic;
    changes.push(`nics.${nic.index}.antiSpoofing: ${nic.antiSpoofing} → ${antiSpoofing}`);
    return { ...nic, antiSpoofing };
  });
  const freedAt = gone.length > 0 ? context.time.stamp(tx) : 0;
  for (const nic of gone) {
    freeNic(tx, nic, vm, nics, freedAt);
    changes.push(`nics: - ${describeNic(nic)}`);
  }
  for (const spec of fresh) {
    const nic = bindNic(tx, context, { vm: vm.name, nic: freeIndex(nics), node: vm.node }, spec);
    nics = [...nics, nic];
    changes.push(`nics: + ${describeNic(nic)}`);
  }
  return { nics: inOrder(nics), changes };
}

function inOrder(nics: readonly Nic[]): Nic[] {
  return [...nics].sort((a, b) => a.index - b.index);
}

function describeNic({ index, network, address, mac }: Nic): string {
  return `${index} ${network} ${address ?? mac}`;
}
