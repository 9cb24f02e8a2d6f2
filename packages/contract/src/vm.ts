import * as v from 'valibot';
import { DiskFormat, DiskSource } from './image.ts';
import { isIpv4 } from './ipv4.ts';

const quantity = v.union([v.string(), v.number()]);

/**
 * One disk. `image` is a name of the catalogue or of an image that was uploaded, an https URL (then `sha256` is required), or a
 * path on the node. `kept` is a disk of a deleted VM: the name of the kept disks, with `/<number>` where there are several.
 */
export const DiskSpec = v.strictObject({
  image: v.exactOptional(v.string()),
  sha256: v.exactOptional(
    v.pipe(v.string(), v.regex(/^(<sha256>|[0-9a-f]{64})$/, 'sha256 must be 64 hexadecimal digits')),
  ),
  format: v.exactOptional(DiskFormat),
  kept: v.exactOptional(v.string()),
  sizeBytes: v.exactOptional(quantity),
});
export type DiskSpec = v.InferOutput<typeof DiskSpec>;

export const NicSpec = v.strictObject({
  /** Absent means `default`. */
  network: v.exactOptional(v.string()),
  address: v.exactOptional(v.pipe(v.string(), v.check(isIpv4, 'address must be an IPv4 address'))),
  mac: v.exactOptional(
    v.pipe(v.string(), v.regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, 'mac must be six lower-case hex bytes with colons')),
  ),
  antiSpoofing: v.exactOptional(v.boolean()),
});
export type NicSpec = v.InferOutput<typeof NicSpec>;

export const RESTART_POLICIES = ['always', 'on-failure', 'never'] as const;

/** What a VM is wanted to be. */
export const VmState = v.picklist(['running', 'stopped'], "state must be 'running' or 'stopped'");
export type VmState = v.InferOutput<typeof VmState>;

/** `spec` of `kind: VM`, as a person writes it. Sizes: a bare number of memory is MiB below 65,536, bytes above; `4G`, `4096M`. */
export const VmSpec = v.strictObject({
  cpu: v.exactOptional(v.number()),
  memoryBytes: v.exactOptional(quantity),
  storageBackend: v.exactOptional(v.string()),
  storageSizeBytes: v.exactOptional(quantity),
  nics: v.exactOptional(v.array(NicSpec)),
  disks: v.exactOptional(v.array(DiskSpec)),
  /** The node it must be on; the controller picks one otherwise. */
  node: v.exactOptional(v.string()),
  state: v.exactOptional(VmState),
  hostname: v.exactOptional(v.string()),
  userData: v.exactOptional(v.string()),
  /** Public keys, or names of keys that the controller holds (`kctl create ssh-key`). */
  sshKeys: v.exactOptional(v.array(v.string())),
  restartPolicy: v.exactOptional(v.picklist(RESTART_POLICIES)),
});
export type VmSpec = v.InferOutput<typeof VmSpec>;

/** A NIC with all that the controller decided: a Binding. */
export const Nic = v.strictObject({
  /** Its number in the VM for as long as it is there: `eth<index>`. A NIC that is taken out leaves a gap. */
  index: v.number(),
  network: v.string(),
  mac: v.string(),
  /** Absent on a bridge network: its addresses are upstream's. */
  address: v.exactOptional(v.string()),
  tap: v.string(),
  antiSpoofing: v.boolean(),
});
export type Nic = v.InferOutput<typeof Nic>;

/** A disk as stored: what was asked for, and what the controller made of it. Without a source it begins empty. */
export const VmDisk = v.strictObject({
  ...DiskSpec.entries,
  sizeBytes: v.exactOptional(v.number()),
  source: v.exactOptional(DiskSource),
});
export type VmDisk = v.InferOutput<typeof VmDisk>;

/** A VM as stored: every default decided. */
export const Vm = v.strictObject({
  name: v.string(),
  uid: v.string(),
  node: v.string(),
  cpu: v.number(),
  memoryBytes: v.number(),
  storageBackend: v.literal('filesystem'),
  storageSizeBytes: v.exactOptional(v.number()),
  disks: v.array(VmDisk),
  nics: v.array(Nic),
  state: VmState,
  hostname: v.string(),
  userData: v.exactOptional(v.string()),
  /** As they were asked for. */
  sshKeys: v.array(v.string()),
  /** The public keys that `sshKeys` stood for when the VM was made or last applied. Absent: as `sshKeys`. */
  authorizedKeys: v.exactOptional(v.array(v.string())),
  restartPolicy: v.picklist(RESTART_POLICIES),
  createdAt: v.string(),
});
export type Vm = v.InferOutput<typeof Vm>;
