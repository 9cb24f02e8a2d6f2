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
} from '@kcore/contract';
import { type AddressOwner, allocate, claim, release } from '../ipam/addresses.ts';
import { allocateMac, claimMac, releaseMac } from '../ipam/mac.ts';
import { type Pool, poolOf } from '../ipam/pool.ts';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import { type Context, nowOf } from './context.ts';
import { isOn, networkNamed } from './lookup.ts';
import { refuseAmbiguousPorts } from './network-create.ts';

/** What a NIC has: a MAC, an address, a tap and the note that its VM is on the network. Given and taken back as one. */

/** Gives a NIC all that it has. @throws {KcoreError} and the transaction is to be given up. */
export function bindNic(tx: Transaction, context: Context, owner: AddressOwner, spec: NicSpec): Nic {
  const network = networkNamed(tx, spec.network ?? DEFAULT_NETWORK);
  if (!isOn(network, owner.node)) throw notOnNode(network.name, owner.node);
  attach(tx, network, owner.vm);
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

/** */
export function notOnNode(network: string, node: string): Error {
  return failedPrecondition(`network '${network}' is not configured on node '${node}'`, {
    remedy: `create it there with --target-node ${node}, or choose a node that has it`,
  });
}

function attach(tx: Transaction, network: Network, vm: string): void {
  const key = keys.attachment(network.name, vm);
  if (tx.get(key) !== undefined) return;
  refuseAmbiguousPorts(tx, network, 1);
  tx.put(key, true);
}

/** Takes all of it back. `left`: the NICs that the VM keeps. @param freedAt of `StoreTime`. */
export function freeNic(
  tx: Transaction,
  nic: Nic,
  vm: { readonly name: string; readonly node: string },
  left: readonly Nic[],
  freedAt: number,
): void {
  const network = networkNamed(tx, nic.network);
  const pool = poolOf(network, vm.node);
  if (pool !== undefined && nic.address !== undefined) {
    release(tx, pool, parseIpv4(nic.address), { vm: vm.name, nic: nic.index, node: vm.node }, freedAt);
  }
  releaseMac(tx, network.uid, nic.mac);
  tx.delete(keys.tap(nic.tap));
  if (!left.some((other) => other.network === nic.network)) tx.delete(keys.attachment(nic.network, vm.name));
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
