import {
  alreadyExists,
  DEFAULT_NETWORK,
  failedPrecondition,
  formatIpv4,
  type Network,
  type Nic,
  type NicSpec,
  nicSeed,
  parseIpv4,
  tapName,
  type Vm,
  type VmSpec,
} from '@kcore/contract';
import { type AddressOwner, allocate, claim, release } from '../ipam/addresses.ts';
import { allocateMac, claimMac, releaseMac } from '../ipam/mac.ts';
import { type Pool, poolOf } from '../ipam/pool.ts';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import { type Context, createdAt, nowOf } from './context.ts';
import { allNodes, isOn, networkNamed, nodeNamed, valuesOf, vmNamed } from './lookup.ts';
import { refuseAmbiguousPorts } from './network-create.ts';
import { decideNics, decideVm } from './vm-decide.ts';

/** the VM and all that is allocated for it, in one transaction. @throws {KcoreError} */
export function createVm(tx: Transaction, context: Context, name: string, spec: VmSpec): Vm {
  const decided = decideVm(name, spec);
  const nics = decideNics(spec);
  if (tx.get(keys.vm(name)) !== undefined) throw alreadyExists(`VM '${name}' already exists`);
  const networks = nics.map(({ network }) => networkNamed(tx, network ?? DEFAULT_NETWORK));
  const node = placeVm(tx, context, spec.node, networks);
  for (const network of new Set(networks)) refuseAmbiguousPorts(tx, network, 1);
  const vm: Vm = {
    ...decided,
    uid: context.newUid(),
    node,
    nics: nics.map((nic, index) => bindNic(tx, context, { vm: name, nic: index, node }, nic, networks[index])),
    createdAt: createdAt(context),
  };
  for (const network of networks) tx.put(keys.attachment(network.name, name), true);
  tx.put(keys.vm(name), vm);
  return vm;
}

/** @throws {KcoreError} NotFound; FailedPrecondition */
function placeVm(tx: Transaction, context: Context, pinned: string | undefined, networks: readonly Network[]): string {
  if (pinned !== undefined) {
    const { name } = nodeNamed(tx, pinned);
    const absent = networks.find((network) => !isOn(network, name));
    if (absent === undefined) return name;
    throw failedPrecondition(`network '${absent.name}' is not configured on node '${name}'`, {
      remedy: `create it there with --target-node ${name}, or choose a node that has it`,
    });
  }
  const load = new Map<string, number>();
  for (const { node } of valuesOf<Vm>(tx, keys.vms)) load.set(node, (load.get(node) ?? 0) + 1);
  const [best] = allNodes(tx)
    .filter(({ name }) => context.presence.isReady(name) && networks.every((network) => isOn(network, name)))
    .map(({ name }) => ({ name, load: load.get(name) ?? 0 }))
    .sort((a, b) => a.load - b.load || (a.name < b.name ? -1 : 1));
  if (best !== undefined) return best.name;
  const names = [...new Set(networks.map(({ name }) => `'${name}'`))].join(' and ');
  throw failedPrecondition(`no node that is ready has network ${names}`, {
    remedy: 'see kctl get nodes, and kctl describe network for where it is',
  });
}

function bindNic(
  tx: Transaction,
  context: Context,
  owner: AddressOwner,
  spec: NicSpec,
  network: Network | undefined,
): Nic {
  if (network === undefined) throw new Error('a NIC without a network');
  const seed = nicSeed(owner.vm, owner.nic);
  const mac = spec.mac === undefined ? allocateMac(tx, network.uid, seed) : claimMac(tx, network.uid, spec.mac, seed);
  const pool = poolOf(network, owner.node);
  if (pool === undefined && spec.address !== undefined) {
    throw failedPrecondition(`address ${spec.address}: on bridge network '${network.name}' addresses are upstream's`, {
      field: `spec.nics.${owner.nic}.address`,
    });
  }
  const address = pool === undefined ? undefined : bindAddress(tx, context, pool, owner, network, spec, mac);
  return {
    index: owner.nic,
    network: network.name,
    mac,
    ...(address === undefined ? {} : { address }),
    tap: claimTap(tx, seed),
    antiSpoofing: spec.antiSpoofing ?? true,
  };
}

/** The address asked for, else the one reserved for the MAC, else the lowest free one. */
function bindAddress(
  tx: Transaction,
  context: Context,
  pool: Pool,
  owner: AddressOwner,
  network: Network,
  spec: NicSpec,
  mac: string,
): string {
  const now = nowOf(tx, context);
  const reservation = network.dhcp.reservations?.find((each) => each.mac === mac)?.address;
  const wanted = spec.address ?? reservation;
  if (wanted !== undefined) {
    claim(tx, pool, parseIpv4(wanted), owner, now);
    return wanted;
  }
  return formatIpv4(allocate(tx, pool, owner, now, leasedTo(context, network, owner.node, mac, pool)));
}

/** Offsets that the node's DHCP server has given to MACs it does not know, or that somebody uses who never asked. */
function leasedTo(context: Context, network: Network, node: string, mac: string, pool: Pool): ReadonlySet<number> {
  if (network.type !== 'nat') return new Set();
  const live = context.presence
    .leases(node)
    .filter((lease) => lease.network === network.name && (lease.mac !== mac || lease.state === 'declined'))
    .filter(({ expiresAt }) => expiresAt === undefined || Date.parse(expiresAt) > context.clock.now());
  return new Set(live.map((lease) => parseIpv4(lease.address) - pool.subnet.network));
}

/** @throws {KcoreError} AlreadyExists: 32 bits of two names' hashes met. */
function claimTap(tx: Transaction, seed: string): string {
  const tap = tapName(seed);
  const holder = tx.get<string>(keys.tap(tap))?.value;
  if (holder !== undefined) {
    throw alreadyExists(`'${seed}' would have the interface ${tap}, which '${holder}' has; choose another name`);
  }
  tx.put(keys.tap(tap), seed);
  return tap;
}

/** Frees everything the VM had, with it. @throws {KcoreError} NotFound */
export function deleteVm(tx: Transaction, context: Context, name: string): { name: string; node: string } {
  const vm = vmNamed(tx, name);
  const freedAt = context.time.stamp(tx);
  for (const nic of vm.nics) {
    const network = networkNamed(tx, nic.network);
    const pool = poolOf(network, vm.node);
    if (pool !== undefined && nic.address !== undefined) {
      const owner = { vm: name, nic: nic.index, node: vm.node };
      release(tx, pool, parseIpv4(nic.address), owner, freedAt);
    }
    releaseMac(tx, network.uid, nic.mac);
    tx.delete(keys.tap(nic.tap));
    tx.delete(keys.attachment(nic.network, name));
  }
  tx.delete(keys.vm(name));
  return { name, node: vm.node };
}
