import {
  alreadyExists,
  failedPrecondition,
  formatIpv4,
  type Ipv4Number,
  invalidArgument,
  KcoreError,
} from '@kcore/contract';
import type { Transaction } from '../store/store.ts';
import { addressAt, isUsable, type Pool } from './pool.ts';

/**
 * Which NIC has which address. All of it happens inside the transaction that writes the VM.
 *
 * Every offset of a pool is exactly one of: never used (at or above `next`), allocated (`a`), quarantined (`q`, and `qo`
 * to find it by offset), free again (`f`), or reserved. The lowest free one is therefore the first `f`, else `next`:
 * the cost does not grow with the pool.
 *
 * A freed address rests for ten minutes, and as long as the node that had it has not said that it knows: a guest that
 * still runs on a node that is away keeps what it has.
 */

/** Milliseconds that a freed address rests. */
export const QUARANTINE_MS = 10 * 60 * 1000;
/** Rested addresses looked at in one transaction, so that none grows without bound. */
const SWEEP = 64;

export interface AddressOwner {
  readonly vm: string;
  readonly nic: number;
  readonly node: string;
}

/** What a node knows of the write that freed an address. `away`: not connected, and it has not said that it knows. */
export type Knowledge = (node: string, revision: number) => 'reached' | 'connected' | 'away';

export interface Now {
  /** Of `StoreTime`. */
  readonly time: number;
  readonly knows: Knowledge;
}

interface Resting {
  readonly offset: number;
  readonly freedAt: number;
  readonly node: string;
  readonly revision: number;
}

interface HighWater {
  readonly first: number;
  readonly last: number;
  readonly next: number;
}

const hex = (offset: number) => offset.toString(16).padStart(8, '0');
const allocatedKey = (pool: string, offset: number) => `a/${pool}/${hex(offset)}`;
const restingKey = (pool: string, { freedAt, offset }: Resting) =>
  `q/${pool}/${String(freedAt).padStart(16, '0')}/${hex(offset)}`;
const restingOffsetKey = (pool: string, offset: number) => `qo/${pool}/${hex(offset)}`;
const freeKey = (pool: string, offset: number) => `f/${pool}/${hex(offset)}`;
const highWaterKey = (pool: string) => `hw/${pool}`;

export function ownerOf(tx: Pick<Transaction, 'get'>, pool: string, offset: number): AddressOwner | undefined {
  return tx.get<AddressOwner>(allocatedKey(pool, offset))?.value;
}

/**
 * The lowest free address. `avoid`: offsets that somebody else uses at the moment (dynamic leases).
 * @throws {KcoreError} ResourceExhausted
 */
export function allocate(
  tx: Transaction,
  pool: Pool,
  owner: AddressOwner,
  now: Now,
  avoid: ReadonlySet<number> = new Set(),
): Ipv4Number {
  const highWater = highWaterOf(tx, pool);
  sweep(tx, pool, highWater, now);
  const offset = lowestFree(tx, pool, avoid) ?? neverUsed(tx, pool, avoid) ?? leastRecentlyFreed(tx, pool, now, avoid);
  if (offset === undefined) throw exhausted(tx, pool);
  take(tx, pool, offset, owner);
  return pool.subnet.network + offset;
}

/**
 * An address that was asked for by name.
 * @throws {KcoreError} InvalidArgument outside the subnet; AlreadyExists when taken; FailedPrecondition while it rests.
 */
export function claim(tx: Transaction, pool: Pool, address: Ipv4Number, owner: AddressOwner, now: Now): void {
  const text = formatIpv4(address);
  if (!isUsable(pool, address)) {
    throw invalidArgument(
      `address ${text} cannot be used on network '${pool.network}': it is outside its subnet, or its gateway, network or broadcast address`,
    );
  }
  const offset = address - pool.subnet.network;
  const holder = ownerOf(tx, pool.id, offset);
  if (holder !== undefined)
    throw alreadyExists(`address ${text} on network '${pool.network}' is used by VM '${holder.vm}'`);
  const resting = tx.get<Resting>(restingOffsetKey(pool.id, offset))?.value;
  if (resting !== undefined) {
    // Freed by this very transaction: it goes from one NIC of a VM to another one of it.
    const moves = resting.revision === tx.revision && resting.node === owner.node;
    if (!moves && !rested(resting, now)) throw restingError(pool, text, resting, now);
    endRest(tx, pool.id, resting);
  }
  tx.delete(freeKey(pool.id, offset));
  take(tx, pool, offset, owner);
}

/** The one place where an address gets its owner. Whatever the rest of the books say, it has no other one. */
function take(tx: Transaction, pool: Pool, offset: number, owner: AddressOwner): void {
  const holder = ownerOf(tx, pool.id, offset);
  if (holder !== undefined) {
    throw new Error(`${addressAt(pool, offset)} of pool ${pool.id} is free and yet VM '${holder.vm}' has it`);
  }
  tx.put(allocatedKey(pool.id, offset), owner);
}

/** Frees an address; what is not `owner`'s is left alone. */
export function release(tx: Transaction, pool: Pool, address: Ipv4Number, owner: AddressOwner, freedAt: number): void {
  const offset = address - pool.subnet.network;
  const holder = ownerOf(tx, pool.id, offset);
  if (holder === undefined || holder.vm !== owner.vm || holder.nic !== owner.nic) return;
  tx.delete(allocatedKey(pool.id, offset));
  const resting: Resting = { offset, freedAt, node: owner.node, revision: tx.revision };
  tx.put(restingKey(pool.id, resting), resting);
  tx.put(restingOffsetKey(pool.id, offset), resting);
}

/** Forgets a pool, with its network. */
export function dropPool(tx: Transaction, pool: string): void {
  for (const prefix of [`a/${pool}/`, `q/${pool}/`, `qo/${pool}/`, `f/${pool}/`]) {
    for (const { key } of [...tx.range(prefix)]) tx.delete(key);
  }
  tx.delete(highWaterKey(pool));
}

/** Where never-used addresses begin. A pool whose range was changed begins anew: what is taken or rests is passed over. */
function highWaterOf(tx: Transaction, pool: Pool): HighWater {
  const row = tx.get<HighWater>(highWaterKey(pool.id))?.value;
  if (row !== undefined && row.first === pool.first && row.last === pool.last) return row;
  for (const { key } of [...tx.range(`f/${pool.id}/`)]) tx.delete(key);
  const fresh: HighWater = { first: pool.first, last: pool.last, next: pool.first };
  tx.put(highWaterKey(pool.id), fresh);
  return fresh;
}

function sweep(tx: Transaction, pool: Pool, { first, next }: HighWater, now: Now): void {
  let looked = 0;
  for (const { value: resting } of tx.range<Resting>(`q/${pool.id}/`)) {
    if (++looked > SWEEP || resting.freedAt + QUARANTINE_MS > now.time) return;
    if (!rested(resting, now)) continue;
    endRest(tx, pool.id, resting);
    if (resting.offset >= first && resting.offset < next) tx.put(freeKey(pool.id, resting.offset), resting.offset);
  }
}

function rested({ freedAt, node, revision }: Resting, now: Now): boolean {
  return freedAt + QUARANTINE_MS <= now.time && now.knows(node, revision) === 'reached';
}

function endRest(tx: Transaction, pool: string, resting: Resting): void {
  tx.delete(restingKey(pool, resting));
  tx.delete(restingOffsetKey(pool, resting.offset));
}

function lowestFree(tx: Transaction, pool: Pool, avoid: ReadonlySet<number>): number | undefined {
  for (const { key, value: offset } of tx.range<number>(`f/${pool.id}/`)) {
    if (pool.reserved.has(offset) || avoid.has(offset)) continue;
    tx.delete(key);
    return offset;
  }
  return undefined;
}

function neverUsed(tx: Transaction, pool: Pool, avoid: ReadonlySet<number>): number | undefined {
  const highWater = highWaterOf(tx, pool);
  for (let offset = highWater.next; offset <= pool.last; offset++) {
    const skipped = pool.reserved.has(offset) || avoid.has(offset);
    if (!skipped && tx.get(allocatedKey(pool.id, offset)) !== undefined) continue;
    if (!skipped && tx.get(restingOffsetKey(pool.id, offset)) !== undefined) continue;
    // What is skipped now may be had later: it is free, only not for us.
    if (skipped && !isTaken(tx, pool, offset)) tx.put(freeKey(pool.id, offset), offset);
    if (skipped) continue;
    tx.put(highWaterKey(pool.id), { ...highWater, next: offset + 1 });
    return offset;
  }
  if (highWater.next <= pool.last) tx.put(highWaterKey(pool.id), { ...highWater, next: pool.last + 1 });
  return undefined;
}

function isTaken(tx: Transaction, pool: Pool, offset: number): boolean {
  return tx.get(allocatedKey(pool.id, offset)) !== undefined || tx.get(restingOffsetKey(pool.id, offset)) !== undefined;
}

/** The pool is otherwise empty. A node that is connected hears of the new owner right after the end of the old one. */
function leastRecentlyFreed(tx: Transaction, pool: Pool, now: Now, avoid: ReadonlySet<number>): number | undefined {
  let connected: Resting | undefined;
  for (const { value: resting } of tx.range<Resting>(`q/${pool.id}/`)) {
    const { offset, node, revision } = resting;
    if (offset < pool.first || offset > pool.last || pool.reserved.has(offset) || avoid.has(offset)) continue;
    const knowledge = now.knows(node, revision);
    if (knowledge === 'away') continue;
    if (knowledge === 'reached') {
      endRest(tx, pool.id, resting);
      return offset;
    }
    connected ??= resting;
  }
  if (connected !== undefined) endRest(tx, pool.id, connected);
  return connected?.offset;
}

function exhausted(tx: Transaction, pool: Pool): KcoreError {
  const used = [...tx.range(`a/${pool.id}/`)].length;
  const held = [...tx.range<Resting>(`q/${pool.id}/`)];
  const range = `${addressAt(pool, pool.first)} to ${addressAt(pool, pool.last)}`;
  const nodes = [...new Set(held.map(({ value }) => `'${value.node}'`))].join(', ');
  const why =
    held.length === 0 ? '' : `, and ${held.length} were freed on node ${nodes}, which is away and may still use them`;
  return new KcoreError(
    'ResourceExhausted',
    `no address is free on network '${pool.network}' (${range}): ${used} are in use${why}`,
    { network: pool.network, used, held: held.length, remedy: 'delete VMs, or make a network with a larger subnet' },
  );
}

function restingError(pool: Pool, text: string, resting: Resting, now: Now): KcoreError {
  const seconds = Math.max(0, Math.ceil((resting.freedAt + QUARANTINE_MS - now.time) / 1000));
  const remedy =
    seconds > 0 ? `try again in ${seconds} s, or take another address` : `wait until node '${resting.node}' is back`;
  return failedPrecondition(`address ${text} on network '${pool.network}' was in use until just now; ${remedy}`, {
    remedy,
  });
}
