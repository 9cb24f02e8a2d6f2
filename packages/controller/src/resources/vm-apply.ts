import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_NETWORK, formatQuantity, invalidArgument, type Vm, type VmSpec } from '@kcore/contract';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { createVm } from './vm.ts';
import { decideNics, decideVm } from './vm-decide.ts';

export interface AppliedVm {
  readonly outcome: 'created' | 'configured' | 'unchanged';
  readonly vm: Vm;
  readonly changes: string[];
}

/** Makes the VM what the manifest says. @throws {KcoreError} */
export function applyVm(tx: Transaction, context: Context, name: string, spec: VmSpec): AppliedVm {
  const existing = tx.get<Vm>(keys.vm(name))?.value;
  if (existing === undefined) return { outcome: 'created', vm: createVm(tx, context, name, spec), changes: [] };
  const decided = decideVm(name, spec);
  const nics = decideNics(spec);
  refuseImmutable(existing, spec, decided);
  const { uid, node, createdAt } = existing;
  const wanted: Vm = {
    ...decided,
    uid,
    node,
    createdAt,
    nics: existing.nics.map((nic, index) => ({ ...nic, antiSpoofing: nics[index]?.antiSpoofing ?? true })),
  };
  const changes = describeChanges(existing, wanted);
  if (changes.length === 0) return { outcome: 'unchanged', vm: existing, changes };
  tx.put(keys.vm(name), wanted);
  return { outcome: 'configured', vm: wanted, changes };
}

/** What a VM is made of stays; an absent node, MAC or address means what the controller chose. */
function refuseImmutable(existing: Vm, spec: VmSpec, decided: Omit<Vm, 'uid' | 'node' | 'nics' | 'createdAt'>): void {
  const nics = decideNics(spec);
  const sameNics =
    nics.length === existing.nics.length &&
    existing.nics.every((nic, index) => {
      const { network = DEFAULT_NETWORK, mac = nic.mac, address = nic.address } = nics[index] ?? {};
      return nic.network === network && nic.mac === mac && nic.address === address;
    });
  const changed = [
    ...(spec.node === undefined || spec.node === existing.node ? [] : ['node']),
    ...(sameNics ? [] : ['nics']),
    ...(isDeepStrictEqual(existing.disks, decided.disks) ? [] : ['disks']),
    ...(existing.storageSizeBytes === decided.storageSizeBytes ? [] : ['storageSizeBytes']),
  ];
  if (changed.length === 0) return;
  throw invalidArgument(`cannot change immutable field(s) ${changed.join(', ')} of VM '${existing.name}'`, {
    field: `spec.${changed[0]}`,
    remedy: 'delete the VM and create it again',
  });
}

function describeChanges(before: Vm, after: Vm): string[] {
  const lines: string[] = [];
  const change = (field: string, from: string | number, to: string | number) => {
    if (from !== to) lines.push(`${field}: ${from} → ${to}`);
  };
  change('cpu', before.cpu, after.cpu);
  change('memoryBytes', formatQuantity(before.memoryBytes), formatQuantity(after.memoryBytes));
  change('state', before.state, after.state);
  change('hostname', before.hostname, after.hostname);
  change('restartPolicy', before.restartPolicy, after.restartPolicy);
  if (before.userData !== after.userData) lines.push('userData: changed');
  if (!isDeepStrictEqual(before.sshKeys, after.sshKeys)) lines.push('sshKeys: changed');
  after.nics.forEach((nic, index) => {
    const was = before.nics[index]?.antiSpoofing ?? true;
    change(`nics.${index}.antiSpoofing`, String(was), String(nic.antiSpoofing));
  });
  return lines;
}
