import { KcoreError, preferredVni, VNI_BASE, VNI_MAX, VNI_SPREAD } from '@kcore/contract';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';

/**
 * A VNI that no other network has: the one of the name, else the next free one of 10000 to 15999, going round,
 * else the first free one beyond.
 * @throws {KcoreError} ResourceExhausted
 */
export function allocateVni(tx: Transaction, network: string): number {
  const preferred = preferredVni(network);
  for (let step = 0; step < VNI_SPREAD; step++) {
    const vni = VNI_BASE + ((preferred - VNI_BASE + step) % VNI_SPREAD);
    if (take(tx, vni, network)) return vni;
  }
  for (let vni = VNI_BASE + VNI_SPREAD; vni <= VNI_MAX; vni++) if (take(tx, vni, network)) return vni;
  throw new KcoreError('ResourceExhausted', 'every VNI is in use');
}

export function releaseVni(tx: Transaction, vni: number): void {
  tx.delete(keys.vni(vni));
}

function take(tx: Transaction, vni: number, network: string): boolean {
  if (tx.get(keys.vni(vni)) !== undefined) return false;
  tx.put(keys.vni(vni), network);
  return true;
}
