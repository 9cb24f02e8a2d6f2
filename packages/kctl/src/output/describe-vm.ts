import { formatQuantity, type VmView } from '@kcore/contract';
import { age } from '../text/duration.ts';
import { type Column, fieldLines, NONE } from '../text/table.ts';
import { section } from './describe.ts';
import { guestText, vmState } from './vm-table.ts';

type Vm = VmView['vm'];

const nicColumns: readonly Column<Vm['nics'][number]>[] = [
  { heading: 'NIC', cell: ({ index }) => String(index) },
  { heading: 'NETWORK', cell: ({ network }) => network },
  { heading: 'ADDRESS', cell: ({ address }) => address ?? NONE },
  { heading: 'MAC', cell: ({ mac }) => mac },
  { heading: 'TAP', cell: ({ tap }) => tap },
  { heading: 'ANTI-SPOOFING', cell: ({ antiSpoofing }) => (antiSpoofing ? 'yes' : 'no') },
];

interface DiskRow {
  readonly index: number;
  readonly disk: Vm['disks'][number];
  readonly sizeBytes?: number;
}

/** `storageSizeBytes` is that of the first disk. */
function diskRows({ disks, storageSizeBytes }: Vm): DiskRow[] {
  return disks.map((disk, index) => {
    const sizeBytes = disk.sizeBytes ?? (index === 0 ? storageSizeBytes : undefined);
    return { index, disk, ...(sizeBytes === undefined ? {} : { sizeBytes }) };
  });
}

/** Where what is on it came from. */
function originOf({ source }: DiskRow['disk']): string {
  switch (source?.kind) {
    case 'url':
      return source.url;
    case 'stored':
      return 'uploaded to the node';
    case 'file':
      return `file ${source.path} of the node`;
    case 'kept':
      return `disk ${source.index} of the VM that was ${source.uid}`;
    case 'unknown':
      return `nowhere: ${source.reason}`;
    case undefined:
      return 'empty';
  }
}

function digestOf({ source }: DiskRow['disk']): string {
  return source !== undefined && 'digest' in source ? source.digest : NONE;
}

const diskColumns: readonly Column<DiskRow>[] = [
  { heading: 'DISK', cell: ({ index }) => String(index) },
  { heading: 'IMAGE', cell: ({ disk }) => disk.image ?? (disk.kept === undefined ? NONE : `kept:${disk.kept}`) },
  { heading: 'FORMAT', cell: ({ disk }) => (disk.source && 'format' in disk.source ? disk.source.format : NONE) },
  { heading: 'SIZE', cell: ({ sizeBytes }) => (sizeBytes === undefined ? NONE : formatQuantity(sizeBytes)) },
  { heading: 'FROM', cell: ({ disk }) => originOf(disk) },
  { heading: 'DIGEST', cell: ({ disk }) => digestOf(disk) },
];

function stateText(view: VmView): string {
  const { vm, pending } = view;
  const wanted = vm.state === 'stopped' ? ' (wanted: stopped)' : '';
  return `${vmState(view)}${wanted}${pending === true ? ' (its node has not taken the last change yet)' : ''}`;
}

/** A name, or of a key itself what distinguishes it for a person: its comment. */
function keyText(key: string): string {
  const [type, data = '', ...comment] = key.split(' ');
  return data === '' ? key : `${type} …${data.slice(-8)} ${comment.join(' ')}`.trimEnd();
}

export function describeVm(view: VmView, now: Date, colours: boolean): string[] {
  const { vm, status } = view;
  return [
    ...fieldLines([
      ['Name', vm.name],
      ['Node', vm.node],
      ['State', stateText(view)],
      ['Guest', guestText(view)],
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
      ['Restart', `${vm.restartPolicy}${status?.restarts === undefined ? '' : `; ${status.restarts} so far`}`],
      ['SSH keys', vm.sshKeys.map(keyText).join(', ') || NONE],
      ['Created', `${vm.createdAt} (${age(vm.createdAt, now)} ago)`],
    ]),
    ...section('NICs', nicColumns, vm.nics, colours),
    ...section('Disks', diskColumns, diskRows(vm), colours),
  ];
}
