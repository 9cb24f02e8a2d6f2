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
/** NICs that a guest which runs may get, beside those it starts with. Each needs a PCI Express port, which cannot be added. */
const SPARE_PORTS = 4;
const PORTS_LEAST = 8;
/** The ports are the functions of devices from this one on, out of the way of what QEMU numbers itself. */
const FIRST_PORT_SLOT = 0x10;
const FUNCTIONS = 8;

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
    // By this a kernel that panics says so; it would else hang, and nobody would know.
    ...['-device', 'pvpanic-pci'],
    ...Array.from({ length: portCount(vm) }, (_, index) => portArguments(index)).flat(),
    ...vm.disks.flatMap((_disk, index) => diskArguments(index)),
    ...seedArguments(),
    ...vm.nics.flatMap((_nic, position) => nicArguments(options, position)),
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

/** PCI Express ports of a guest, `port-<number>`: its NICs at the start take the first. */
function portCount({ nics }: Vm): number {
  return Math.max(PORTS_LEAST, nics.length + SPARE_PORTS);
}

export function portName(number: number): string {
  return `port-${number}`;
}

/** The bus of the machine itself takes and gives no device while it runs. */
function portArguments(number: number): readonly string[] {
  const slot = FIRST_PORT_SLOT + Math.floor(number / FUNCTIONS);
  return [
    '-device',
    list({
      'pcie-root-port': '',
      id: portName(number),
      bus: 'pcie.0',
      addr: `0x${slot.toString(16)}.${number % FUNCTIONS}`,
      multifunction: 'on',
      chassis: number + 1,
      // There are no I/O addresses for so many, and virtio needs none.
      'io-reserve': 0,
    }),
  ];
}

function nicArguments(options: MachineOptions, position: number): readonly string[] {
  const { vm, acceleration, mtus } = options;
  const nic = vm.nics[position];
  if (nic === undefined) return [];
  const { type, ...netdev } = nicBackend(vm, nic, acceleration);
  const { driver, ...device } = nicDevice(vm, nic, mtus[position], portName(position));
  return ['-netdev', list({ [type]: '', ...netdev }), '-device', list({ [driver]: '', ...device })];
}

export type Properties = Readonly<Record<string, string | number | boolean>>;

/** The host's side of a NIC: its TAP, which the agent made for QEMU's user. As for QMP's `netdev_add`. */
export function nicBackend(
  vm: Vm,
  nic: Vm['nics'][number],
  { vhostNet }: Acceleration,
): Properties & { readonly type: string } {
  const queues = queuesOf(vm);
  return {
    type: 'tap',
    id: backendName(nic.index),
    ifname: nic.tap,
    script: 'no',
    downscript: 'no',
    vhost: vhostNet,
    ...(queues > 1 ? { queues } : {}),
  };
}

/**
 * The guest's side of a NIC, as for QMP's `device_add`. A guest without a disk boots from the network; one with a disk is
 * spared the network card's boot program.
 */
export function nicDevice(
  vm: Vm,
  nic: Vm['nics'][number],
  mtu: number | undefined,
  port: string,
): Properties & { readonly driver: string } {
  const queues = queuesOf(vm);
  const boots = vm.disks.length === 0;
  return {
    driver: 'virtio-net-pci',
    netdev: backendName(nic.index),
    id: nicName(nic.index),
    bus: port,
    mac: nic.mac,
    ...(mtu === undefined ? {} : { host_mtu: mtu }),
    // Two interrupts a queue pair, one for the configuration and one for the control queue.
    ...(queues > 1 ? { mq: true, vectors: 2 * queues + 2 } : {}),
    ...(boots ? { bootindex: nic.index + 1 } : { romfile: '' }),
  };
}

export function nicName(index: number): string {
  return `nic-${index}`;
}

export function backendName(index: number): string {
  return `net-${index}`;
}

/** `key=value,…`; a first key without a value is the driver's name. */
function list(values: Properties): string {
  return Object.entries(values)
    .map(([key, value], index) => {
      if (value === '' && index === 0) return key;
      const word = typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
      return `${key}=${word.replaceAll(',', ',,')}`;
    })
    .join(',');
}
