import type { Vm } from '@kcore/contract';
import { guestFile } from './guest-files.ts';

/** What this host can give to a guest, found out by trying. */
export interface Acceleration {
  /** `tcg` is software emulation: some ten times slower, and right. */
  readonly kind: 'kvm' | 'tcg';
  /** Whether the kernel moves packets between a TAP and the guest itself, without QEMU. Only with KVM. */
  readonly vhostNet: boolean;
}

export interface MachineOptions {
  readonly vm: Vm;
  readonly acceleration: Acceleration;
  /** What each NIC tells the guest of its MTU, bytes, in the NICs' order. Undefined: the guest keeps its own default. */
  readonly mtus: readonly (number | undefined)[];
}

/** A TAP with more queue pairs than the guest has CPUs gains nothing; QEMU 7.2 takes 1,024 at most, 8 are plenty. */
const MAX_QUEUES = 8;
const MIB = 1024 * 1024;

/** Queue pairs of each NIC: one for each CPU. The TAP must be multi-queue exactly when there are several. */
export function queuesOf(vm: Pick<Vm, 'cpu'>): number {
  return Math.min(vm.cpu, MAX_QUEUES);
}

/**
 * The command line of one guest. Pure.
 *
 * Nothing of it is given through a shell, and every value in a `key=value,…` list has its commas doubled, as QEMU wants it.
 * Source: qemu-system-x86_64(1), QEMU 7.2.
 */
export function machineArguments(options: MachineOptions): readonly string[] {
  const { vm, acceleration } = options;
  return [
    ...['-name', list({ guest: vm.name, 'debug-threads': 'on' })],
    // Ids of VMs are UUIDs; by this one the process is known.
    ...['-uuid', vm.uid],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-vga', 'none'],
    ...['-machine', list({ type: 'q35', accel: acceleration.kind, usb: 'off', 'dump-guest-core': 'off' })],
    ...['-cpu', acceleration.kind === 'kvm' ? 'host' : 'max'],
    ...['-smp', list({ cpus: String(vm.cpu), sockets: '1', cores: String(vm.cpu), threads: '1' })],
    ...['-m', list({ size: `${Math.ceil(vm.memoryBytes / MIB)}M` })],
    ...['-rtc', list({ base: 'utc' })],
    ...[
      '-sandbox',
      list({ on: '', obsolete: 'deny', elevateprivileges: 'deny', spawn: 'deny', resourcecontrol: 'deny' }),
    ],
    ...['-chardev', list({ socket: '', id: 'qmp', path: guestFile.qmp, server: 'on', wait: 'off' })],
    ...['-mon', list({ chardev: 'qmp', mode: 'control' })],
    ...serialConsole(),
    ...['-object', list({ 'rng-random': '', id: 'entropy', filename: '/dev/urandom' })],
    ...['-device', list({ 'virtio-rng-pci': '', rng: 'entropy' })],
    ...vm.disks.flatMap((_disk, index) => diskArguments(index)),
    ...seedArguments(),
    ...vm.nics.flatMap((nic, position) => nicArguments(options, nic, options.mtus[position])),
  ];
}

/** The console's socket for a person, and a copy of all it says for `kctl logs`. */
function serialConsole(): readonly string[] {
  return [
    ...[
      '-chardev',
      list({
        socket: '',
        id: 'console',
        path: guestFile.console,
        server: 'on',
        wait: 'off',
        logfile: guestFile.consoleLog,
        logappend: 'on',
      }),
    ],
    ...['-serial', 'chardev:console'],
  ];
}

/** The overlay is always qcow2, whatever its base is; `discard=unmap` gives back to the host what the guest trims. */
function diskArguments(index: number): readonly string[] {
  const node = `disk-${index}`;
  return [
    '-blockdev',
    list({
      driver: 'qcow2',
      'node-name': node,
      discard: 'unmap',
      'detect-zeroes': 'unmap',
      'file.driver': 'file',
      'file.filename': guestFile.disk(index),
    }),
    '-device',
    list({ 'virtio-blk-pci': '', drive: node, id: node, serial: node, bootindex: String(index + 1) }),
  ];
}

function seedArguments(): readonly string[] {
  return [
    '-blockdev',
    list({
      driver: 'raw',
      'node-name': 'seed',
      'read-only': 'on',
      'file.driver': 'file',
      'file.filename': guestFile.seed,
    }),
    ...['-device', list({ 'virtio-blk-pci': '', drive: 'seed', id: 'seed', serial: 'seed' })],
  ];
}

/** A guest without a disk boots from the network; one with a disk is spared the network card's boot program. */
function nicArguments(
  { vm, acceleration }: MachineOptions,
  nic: Vm['nics'][number],
  mtu: number | undefined,
): readonly string[] {
  const queues = queuesOf(vm);
  const boots = vm.disks.length === 0;
  return [
    '-netdev',
    list({
      tap: '',
      id: `net-${nic.index}`,
      ifname: nic.tap,
      script: 'no',
      downscript: 'no',
      vhost: acceleration.vhostNet ? 'on' : 'off',
      ...(queues > 1 ? { queues: String(queues) } : {}),
    }),
    '-device',
    list({
      'virtio-net-pci': '',
      netdev: `net-${nic.index}`,
      id: `nic-${nic.index}`,
      mac: nic.mac,
      ...(mtu === undefined ? {} : { host_mtu: String(mtu) }),
      // Two interrupts a queue pair, one for the configuration and one for the control queue.
      ...(queues > 1 ? { mq: 'on', vectors: String(2 * queues + 2) } : {}),
      ...(boots ? { bootindex: String(nic.index + 1) } : { romfile: '' }),
    }),
  ];
}

/** `key=value,…`; a first key without a value is the driver's name. */
function list(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value], index) => {
      if (value === '' && index === 0) return key;
      return `${key}=${value.replaceAll(',', ',,')}`;
    })
    .join(',');
}
