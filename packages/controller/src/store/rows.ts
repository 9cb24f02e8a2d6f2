import type { NodeFacts } from '@kcore/contract';

/** Every key of the store, and what is under it. Names have no `/`, so parts cannot run into each other. */
export const keys = {
  network: (name: string) => `net/${name}`,
  networks: 'net/',
  vm: (name: string) => `vm/${name}`,
  vms: 'vm/',
  node: (name: string) => `node/${name}`,
  nodes: 'node/',
  /** A VM has a NIC on a network: true. */
  attachment: (network: string, vm: string) => `att/${network}/${vm}`,
  attachments: (network: string) => `att/${network}/`,
  /** Whose bridge name it is. */
  bridge: (bridge: string) => `br/${bridge}`,
  /** Whose tap name it is. */
  tap: (tap: string) => `tap/${tap}`,
  /** Which network has a VNI. */
  vni: (vni: number) => `vni/${String(vni).padStart(8, '0')}`,
  /** Whose MAC address it is on a network (by its uid). */
  mac: (network: string, mac: string) => `mac/${network}/${mac}`,
  macs: (network: string) => `mac/${network}/`,
  /** A public key, by the name that VMs may ask for it by. */
  sshKey: (name: string) => `key/${name}`,
  sshKeys: 'key/',
  /** The disks of a VM that was deleted. */
  keptDisk: (name: string) => `disk/${name}`,
  keptDisks: 'disk/',
  /** Certificates that are not let in any more, by fingerprint. */
  revoked: (fingerprint: string) => `revoked/${fingerprint}`,
  request: (id: string) => `req/${id}`,
  /** Requests in order of their age, for forgetting them. */
  requestAge: (at: number, id: string) => `reqat/${String(at).padStart(16, '0')}/${id}`,
  requestAges: 'reqat/',
  storeTime: 'time',
} as const;

/** Rows that sessions and watches follow. */
export function isObserved(key: string): boolean {
  return [keys.networks, keys.vms, keys.nodes, keys.keptDisks].some((prefix) => key.startsWith(prefix));
}

export interface NodeRow {
  readonly name: string;
  /** RFC 3339. */
  readonly registeredAt: string;
  readonly facts: NodeFacts;
  /** SHA-256 of the certificates it has shown, latest last. */
  readonly certificates: readonly string[];
}
