import { failedPrecondition, invalidArgument, type KeptDisks, notFound, roundBytes, type Vm } from '@kcore/contract';
import { present } from '../present.ts';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import { type Context, createdAt } from './context.ts';
import { type Reader, valuesOf } from './lookup.ts';
import { diskSize } from './share.ts';

/** Hexadecimal digits of the VM's uid in the name of its kept disks: the next VM of that name may leave some, too. */
const UID_DIGITS = 8;

/** Writes down that a VM's disks stay where they are. undefined: it has none. In the transaction that deletes the VM. */
export function keepDisksOf(tx: Transaction, context: Context, vm: Vm): KeptDisks | undefined {
  if (vm.disks.length === 0) return undefined;
  const short = `${vm.name}-${vm.uid.slice(0, UID_DIGITS)}`;
  const name = tx.get(keys.keptDisk(short)) === undefined ? short : `${vm.name}-${vm.uid}`;
  const kept: KeptDisks = {
    name,
    uid: vm.uid,
    vm: vm.name,
    node: vm.node,
    disks: vm.disks.map((_disk, index) => present({ sizeBytes: diskSize(vm, index) })),
    keptAt: createdAt(context),
  };
  tx.put(keys.keptDisk(name), kept);
  return kept;
}

export function listKeptDisks(reader: Reader): KeptDisks[] {
  return valuesOf<KeptDisks>(reader, keys.keptDisks);
}

/** Its node deletes them when it hears of it. @throws {KcoreError} NotFound */
export function deleteKeptDisks(tx: Transaction, name: string): { name: string; node: string } {
  const { node } = keptNamed(tx, name, undefined);
  tx.delete(keys.keptDisk(name));
  return { name, node };
}

/** @throws {KcoreError} NotFound; FailedPrecondition when a VM has them now. */
function keptNamed(reader: Reader, name: string, field: string | undefined): KeptDisks {
  const kept = reader.get<KeptDisks>(keys.keptDisk(name))?.value;
  if (kept !== undefined) return kept;
  const details = { ...present({ field }), remedy: 'see kctl get disks' };
  const user = valuesOf<Vm>(reader, keys.vms).find(({ disks }) => disks.some((disk) => nameOf(disk.kept) === name));
  if (user !== undefined) throw failedPrecondition(`kept disk '${name}' is a disk of VM '${user.name}' now`, details);
  throw notFound(`kept disk '${name}' not found`, details);
}

function nameOf(kept: string | undefined): string | undefined {
  return kept?.split('/')[0];
}

type Disk = Vm['disks'][number];

/** What the kept disks among a new VM's are, and on which node. */
export interface TakenDisks {
  readonly disks: readonly Disk[];
  readonly node?: string;
  /** Of the first disk, when it is a kept one of which no other size was asked for. */
  readonly storageSizeBytes?: number;
}

/**
 * Gives kept disks to a new VM: from this transaction on they are its own and nobody else's. All disks that one VM left
 * are used together, since what is not used would be deleted with the record of them.
 * @throws {KcoreError} NotFound; FailedPrecondition; InvalidArgument that names the field.
 */
export function takeKeptDisks(tx: Transaction, vm: Pick<Vm, 'disks' | 'storageSizeBytes'>): TakenDisks {
  const taken = new Map<string, { readonly kept: KeptDisks; readonly indices: Set<number> }>();
  let storageSizeBytes: number | undefined;
  const disks = vm.disks.map((disk, at) => {
    if (disk.kept === undefined) return disk;
    const field = `spec.disks.${at}.kept`;
    const [name = '', number] = disk.kept.split('/');
    const entry = taken.get(name) ?? { kept: keptNamed(tx, name, field), indices: new Set<number>() };
    taken.set(name, entry);
    const index = indexOf(entry.kept, number, disk.kept, field);
    if (entry.indices.has(index)) throw invalidArgument(`${field}: '${disk.kept}' is used twice`, { field });
    entry.indices.add(index);
    refuseShrinking(vm, at, entry.kept, index);
    const source = { kind: 'kept', uid: entry.kept.uid, index } as const;
    const had = diskSize(vm, at) === undefined ? entry.kept.disks[index]?.sizeBytes : undefined;
    if (at === 0) storageSizeBytes = had;
    return { ...disk, ...(at === 0 ? {} : present({ sizeBytes: had })), source };
  });
  for (const { kept, indices } of taken.values()) {
    if (indices.size < kept.disks.length) throw notAll(kept);
    tx.delete(keys.keptDisk(kept.name));
  }
  const nodes = [...new Set([...taken.values()].map(({ kept }) => kept.node))];
  if (nodes.length > 1) {
    throw failedPrecondition(`the kept disks are on different nodes, ${nodes.join(' and ')}; a VM is on one`, {
      field: 'spec.disks',
    });
  }
  return { disks, ...present({ node: nodes[0], storageSizeBytes }) };
}

function indexOf(kept: KeptDisks, number: string | undefined, text: string, field: string): number {
  if (number === undefined && kept.disks.length > 1) throw notAll(kept);
  const index = Number(number ?? '0');
  if (/^\d{0,3}$/.test(number ?? '') && index < kept.disks.length) return index;
  throw invalidArgument(`${field}: '${text}' is not one of the ${kept.disks.length} disks of '${kept.name}'`, {
    field,
  });
}

function notAll({ name, disks }: KeptDisks): Error {
  const all = disks.map((_disk, index) => `${name}/${index}`).join(', ');
  return invalidArgument(`'${name}' are ${disks.length} disks, which go to a VM together: ${all}`, {
    field: 'spec.disks',
  });
}

function refuseShrinking(
  vm: Pick<Vm, 'disks' | 'storageSizeBytes'>,
  at: number,
  { name, disks }: KeptDisks,
  index: number,
): void {
  const had = disks[index]?.sizeBytes;
  const wanted = diskSize(vm, at);
  if (had === undefined || wanted === undefined || wanted >= had) return;
  const field = vm.disks[at]?.sizeBytes === undefined ? 'spec.storageSizeBytes' : `spec.disks.${at}.sizeBytes`;
  throw invalidArgument(
    `${field}: kept disk '${name}' has ${roundBytes(had)} and cannot shrink to ${roundBytes(wanted)}`,
    { field },
  );
}
