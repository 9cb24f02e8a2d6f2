import {
  type Connection,
  NETLINK_NETFILTER,
  type NftElement,
  nft,
  nftTransaction,
  openConnection,
  type Request,
  type SetSpec,
} from '@kcore/netlink';
import { median } from '../../support/median.ts';
import { addressKey, concatenatedKey } from '../elements.ts';
import { timed, timedAfterRest } from './clocked.ts';
import type { Task } from './rtnl.ts';

const table = { family: 'inet', name: 'bench' } as const;

async function apply(connection: Connection, requests: readonly Request<unknown>[]): Promise<void> {
  const result = await nftTransaction(connection, requests);
  if (result.status === 'failed') throw result.failures[0]?.error;
  if (result.status !== 'ok') throw result.error;
}

function setOf(name: string): SetSpec {
  const key = name === 'concatenated' ? (['ifname', 'ether_addr', 'ipv4_addr'] as const) : (['ipv4_addr'] as const);
  return { family: 'inet', table: 'bench', name, key };
}

function keyOf(name: string, i: number): NftElement {
  return { key: name === 'concatenated' ? concatenatedKey(i) : [addressKey(i)] };
}

/** Table, set and elements in one transaction, from strings, as `nft -f` reads them from a file. */
const addElements: Task = async ([name = '', count = '0']) => {
  await using connection = await openConnection({ protocol: NETLINK_NETFILTER });
  const set = setOf(name);
  const elements = Array.from({ length: Number(count) }, (_, i) => keyOf(name, i));
  const work = (): Promise<void> =>
    apply(connection, [nft.tables.create(table), nft.sets.create(set), ...nft.elements.add(set, elements)]);
  return { ms: await timedAfterRest(work) };
};

/** One more element at a time for a set that is there, in one process that goes on running. */
const addOne: Task = async ([name = '', first = '0', times = '1']) => {
  await using connection = await openConnection({ protocol: NETLINK_NETFILTER });
  const set = setOf(name);
  const took: number[] = [];
  for (let i = Number(first); i < Number(first) + Number(times); i += 1) {
    took.push(await timed(() => apply(connection, nft.elements.add(set, [keyOf(name, i)]))));
  }
  return { ms: median(took), first: took[0] ?? Number.NaN };
};

export const nftTasks = { 'nft-add': addElements, 'nft-one': addOne } as const satisfies Record<string, Task>;
