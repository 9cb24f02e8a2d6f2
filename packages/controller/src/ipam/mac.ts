import { alreadyExists, invalidArgument, KcoreError, nicMac } from '@kcore/contract';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';

/** Salts tried before giving up: with 24 bits a network of a thousand NICs needs two in one case of 16,000. */
const MAX_SALT = 1000;

/** The MAC of a NIC: of its seed, salted until no other NIC of the network has it. `network` is the uid. */
export function allocateMac(tx: Transaction, network: string, seed: string): string {
  for (let salt = 0; salt < MAX_SALT; salt++) {
    const mac = nicMac(seed, salt);
    if (tx.get(keys.mac(network, mac)) === undefined) {
      tx.put(keys.mac(network, mac), seed);
      return mac;
    }
  }
  throw new KcoreError('ResourceExhausted', `no MAC address was free for ${seed} after ${MAX_SALT} tries`);
}

/** @throws {KcoreError} InvalidArgument for a group address; AlreadyExists when another NIC of the network has it. */
export function claimMac(tx: Transaction, network: string, mac: string, seed: string): string {
  const first = Number.parseInt(mac.slice(0, 2), 16);
  if ((first & 1) === 1 || mac === '00:00:00:00:00:00') {
    throw invalidArgument(`mac ${mac} cannot be a NIC's address: it is a group address or zero`);
  }
  // Bridges and tunnel devices of kcore have these; a guest with one of them would speak as the gateway.
  if (/^02:6[bcd]:/.test(mac)) throw invalidArgument(`mac ${mac} is of the range that kcore's own devices use`);
  const holder = tx.get<string>(keys.mac(network, mac))?.value;
  if (holder !== undefined) throw alreadyExists(`mac ${mac} is used by VM '${holder.split('/')[0]}' on this network`);
  tx.put(keys.mac(network, mac), seed);
  return mac;
}

export function releaseMac(tx: Transaction, network: string, mac: string): void {
  tx.delete(keys.mac(network, mac));
}
