import { formatQuantity, roundBytes, type VmView } from '@kcore/contract';
import { colouredState } from '../text/colour.ts';
import { age } from '../text/duration.ts';
import { type Column, NONE } from '../text/table.ts';

function joined(values: readonly string[]): string {
  return values.length === 0 ? NONE : values.join(',');
}

/** A VM of which its node has said nothing yet. */
export function vmState({ status }: VmView): string {
  return status?.state ?? 'unknown';
}

/** The last part of a path or URL says which image it is; the whole is in `describe`. */
function imageName({ vm }: VmView): string {
  const { image, kept } = vm.disks[0] ?? {};
  if (kept !== undefined) return `kept:${kept}`;
  return image === undefined ? NONE : (image.split('/').filter(Boolean).at(-1) ?? image);
}

/** How far the guest is, and what is waited for: `booting`, `image debian-12: 120M of 600M`. */
export function guestText({ status }: VmView): string {
  const { guest, progress } = status ?? {};
  if (progress === undefined) return guest ?? NONE;
  const total = progress.totalBytes === undefined ? '' : ` of ${roundBytes(progress.totalBytes)}`;
  return `${progress.what}: ${roundBytes(progress.bytes)}${total}`;
}

/** NICs stand in one cell, in their order, `-` for one whose address is not ours to give. */
export const vmColumns: readonly Column<VmView>[] = [
  { heading: 'NAME', cell: ({ vm }) => vm.name },
  { heading: 'NODE', cell: ({ vm }) => vm.node },
  { heading: 'NETWORK', cell: ({ vm }) => joined(vm.nics.map(({ network }) => network)) },
  { heading: 'ADDRESS', cell: ({ vm }) => joined(vm.nics.map(({ address }) => address ?? NONE)) },
  { heading: 'STATE', cell: vmState, paint: colouredState },
  { heading: 'CPU', cell: ({ vm }) => String(vm.cpu) },
  { heading: 'MEMORY', cell: ({ vm }) => formatQuantity(vm.memoryBytes) },
  { heading: 'IMAGE', cell: imageName },
];

export function wideVmColumns(now: Date): readonly Column<VmView>[] {
  return [
    ...vmColumns,
    { heading: 'MAC', cell: ({ vm }) => joined(vm.nics.map(({ mac }) => mac)) },
    { heading: 'TAP', cell: ({ vm }) => joined(vm.nics.map(({ tap }) => tap)) },
    { heading: 'GUEST', cell: ({ status }) => status?.guest ?? NONE },
    { heading: 'RESTARTS', cell: ({ status }) => String(status?.restarts ?? NONE) },
    { heading: 'AGE', cell: ({ vm }) => age(vm.createdAt, now) },
    { heading: 'MESSAGE', cell: ({ status }) => status?.message ?? NONE },
  ];
}
