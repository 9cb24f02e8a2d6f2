import { formatQuantity, type VmView } from '@kcore/contract';
import { age } from '../text/duration.ts';
import { type Column, fieldLines, NONE } from '../text/table.ts';
import { section } from './describe.ts';
import { vmState } from './vm-table.ts';

type Vm = VmView['vm'];

const nicColumns: readonly Column<Vm['nics'][number]>[] = [
  { heading: 'NIC', cell: ({ index }) => String(index) },
  { heading: 'NETWORK', cell: ({ network }) => network },
  { heading: 'ADDRESS', cell: ({ address }) => address ?? NONE },
  { heading: 'MAC', cell: ({ mac }) => mac },
  { heading: 'TAP', cell: ({ tap }) => tap },
  { heading: 'ANTI-SPOOFING', cell: ({ antiSpoofing }) => (antiSpoofing ? 'yes' : 'no') },
];

const diskColumns: readonly Column<Vm['disks'][number]>[] = [
  { heading: 'IMAGE', cell: ({ image }) => image ?? NONE },
  { heading: 'FORMAT', cell: ({ format }) => format ?? NONE },
  { heading: 'SIZE', cell: ({ sizeBytes }) => (sizeBytes === undefined ? NONE : formatQuantity(sizeBytes)) },
  { heading: 'SHA256', cell: ({ sha256 }) => sha256 ?? NONE },
];

export function describeVm(view: VmView, now: Date, colours: boolean): string[] {
  const { vm, status } = view;
  return [
    ...fieldLines([
      ['Name', vm.name],
      ['Node', vm.node],
      ['State', `${vmState(view)}${vm.state === 'stopped' ? ' (wanted: stopped)' : ''}`],
      ['Message', status?.message ?? NONE],
      ['Process', String(status?.pid ?? NONE)],
      ['CPUs', String(vm.cpu)],
      ['Memory', formatQuantity(vm.memoryBytes)],
      [
        'Storage',
        vm.storageSizeBytes === undefined
          ? vm.storageBackend
          : `${vm.storageBackend}, ${formatQuantity(vm.storageSizeBytes)}`,
      ],
      ['Hostname', vm.hostname],
      ['Restart', vm.restartPolicy],
      ['Created', `${vm.createdAt} (${age(vm.createdAt, now)} ago)`],
    ]),
    ...section('NICs', nicColumns, vm.nics, colours),
    ...section('Disks', diskColumns, vm.disks, colours),
  ];
}
