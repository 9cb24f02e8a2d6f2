import { createHash } from 'node:crypto';

/** Bytes an interface name may have: IFNAMSIZ less the terminating NUL. Source: include/uapi/linux/if.h. */
export const INTERFACE_NAME_MAX = 15;

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** A kernel interface name, and the name people know it by when that one is too long for the kernel. */
export interface InterfaceName {
  readonly name: string;
  /** Set as an alternative interface name (IFLA_ALT_IFNAME, up to 127 bytes), so that `ip link show` finds it. */
  readonly altName?: string;
}

function fit(full: string, prefix: string, hashed: string): InterfaceName {
  if (Buffer.byteLength(full) <= INTERFACE_NAME_MAX) return { name: full };
  return { name: `${prefix}${sha256(hashed).toString('hex', 0, 4)}`, altName: full };
}

/** The bridge of a network (R-02): `kbr-<name>`, or `kb-` and eight hex digits when that is too long. */
export function bridgeName(network: string): InterfaceName {
  return fit(`kbr-${network}`, 'kb-', network);
}

/** The VLAN sub-interface of a NIC (R-35): `<uplink>.<id>`, hashed when too long. */
export function vlanName(uplink: string, vlanId: number): InterfaceName {
  const full = `${uplink}.${vlanId}`;
  return fit(full, 'kv-', full);
}

export function vxlanName(vni: number): string {
  return `vxlan${vni}`;
}

/** What a NIC's MAC address and tap name are derived from (R-45): the VM's name, or `name/n` for the n-th further NIC. */
export function nicSeed(vm: string, nicIndex: number): string {
  return nicIndex === 0 ? vm : `${vm}/${nicIndex}`;
}

export function tapName(seed: string): string {
  return `tap-${sha256(seed).toString('hex', 0, 4)}`;
}

/** `salt` counts up from 0 until the MAC is free on its network. */
export function nicMac(seed: string, salt = 0): string {
  const hash = sha256(salt === 0 ? seed : `${seed}#${salt}`);
  return `52:54:00:${formatMac(hash.subarray(0, 3))}`;
}

/** The bridge MAC of a vxlan network is the same on every node, because its gateway is anycast (R-02, R-19). */
export function vxlanBridgeMac(vni: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(vni);
  return `02:6b:${formatMac(bytes)}`;
}

export function localBridgeMac(nodeId: string, network: string): string {
  return `02:6c:${formatMac(sha256(`${nodeId}/${network}`).subarray(0, 4))}`;
}

/** The MAC of a vxlan *device*: of the node and the VNI, so that udev policies and port changes cannot move it. */
export function vxlanDeviceMac(nodeId: string, vni: number): string {
  return `02:6d:${formatMac(sha256(`${nodeId}/${vni}`).subarray(0, 4))}`;
}

function formatMac(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

export const VNI_BASE = 10000;
export const VNI_SPREAD = 6000;
export const VNI_MAX = 0xff_ffff;

/** djb2 with 32-bit wrap-around, over the UTF-8 bytes. */
export function djb2(text: string): number {
  let hash = 5381;
  for (const byte of Buffer.from(text)) hash = (Math.imul(hash, 33) + byte) >>> 0;
  return hash;
}

/** The VNI a network name asks for first (R-18); the allocator takes the next free one when it is taken. */
export function preferredVni(network: string): number {
  return VNI_BASE + (djb2(network) % VNI_SPREAD);
}
