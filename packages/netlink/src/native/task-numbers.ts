import { ValueError } from '../codec/error.ts';
import { integer } from '../codec/integer.ts';

export type TaskKind =
  | 'openNetlink'
  | 'openPacket'
  | 'openUdp'
  | 'openTap'
  | 'persistTap'
  | 'closeTap'
  | 'makeNetns'
  | 'shareMount'
  | 'unmount'
  | 'sysctl';

type Field = readonly [name: string, least: number, most: number];

const INT_MAX = 0x7fff_ffff;
/** The last id there is: (uid_t)-1 stands for none. */
const MAX_ID = 0xffff_fffe;
/** Bytes of the shortest virtio_net_hdr. */
const VNET_HEADER = 10;
const RECEIVE_BUFFER: Field = ['receiveBuffer', 0, INT_MAX];
const SEND_BUFFER: Field = ['sendBuffer', 0, INT_MAX];

/** The numbers of each kind, in the order in which native/task_sockets.h and native/task_host.h read them. */
const FIELDS: Readonly<Record<TaskKind, readonly Field[]>> = {
  openNetlink: [['protocol', 0, INT_MAX], RECEIVE_BUFFER, SEND_BUFFER, ['allNamespaces', 0, 1]],
  openPacket: [['etherType', 0, 0xffff], RECEIVE_BUFFER, SEND_BUFFER],
  openUdp: [['port', 0, 0xffff], ['broadcast', 0, 1], RECEIVE_BUFFER, SEND_BUFFER],
  openTap: [
    ['flags', 0, 0xffff],
    ['given', 0, 7],
    ['owner', 0, MAX_ID],
    ['group', 0, MAX_ID],
    ['vnetHeaderSize', VNET_HEADER, INT_MAX],
  ],
  persistTap: [['persistent', 0, 1]],
  closeTap: [],
  makeNetns: [],
  shareMount: [],
  unmount: [],
  sysctl: [['write', 0, 1]],
};

/** @throws {ValueError} One is no integer, or out of range: it would wrap. An unsigned one keeps its 32 bits. */
export function taskNumbers(kind: TaskKind, numbers: readonly number[]): Int32Array {
  FIELDS[kind].slice(0, numbers.length).forEach(([name, least, most], index) => {
    integer(name, numbers[index], least, most);
  });
  return Int32Array.from(numbers);
}

/** As many as native/task.h has room for. */
const MAX_GROUPS = 64;

/** Multicast groups, or the words of a filter. @throws {ValueError} */
export function taskGroups(groups: readonly number[]): Int32Array {
  if (groups.length > MAX_GROUPS) throw new ValueError(`${groups.length} are more than ${MAX_GROUPS}`, 'groups');
  for (const [index, group] of groups.entries()) integer(`groups.${index}`, group, -INT_MAX - 1, INT_MAX);
  return Int32Array.from(groups);
}
