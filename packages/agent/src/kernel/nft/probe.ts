import { type Connection, nftTransaction, type Request } from '@kcore/netlink';
import type { KernelFeatures } from '../../model/host-facts.ts';
import type { NftChain, NftFamily, NftRule, NftSet } from '../../model/resource.ts';
import { nftRequests } from './requests.ts';

/** Tries what networks need of nftables. The connection's namespace keeps what was tried. */
export async function probeNft(connection: Connection): Promise<Pick<KernelFeatures, 'nftNat' | 'nftBridge'>> {
  const filter = { type: 'filter', hook: 'forward', priority: 0, policy: 'accept' } as const;
  const nat = { type: 'nat', hook: 'postrouting', priority: 100, policy: 'accept' } as const;
  return {
    nftNat: await works(connection, 'ip', nat, {
      statements: [{ match: 'ct status', op: 'in', value: 'dnat' }, { masquerade: true }],
    }),
    nftBridge: await works(connection, 'bridge', filter, {
      statements: [{ lookup: ['meta iifname', 'ether saddr', 'ip saddr'], set: 'set' }, { counter: true }],
    }),
  };
}

async function works(
  connection: Connection,
  family: NftFamily,
  base: NonNullable<NftChain['base']>,
  rule: NftRule,
): Promise<boolean> {
  const result = await nftTransaction(connection, requests(family, base, rule));
  return result.status === 'ok';
}

function requests(family: NftFamily, base: NonNullable<NftChain['base']>, rule: NftRule): readonly Request<unknown>[] {
  const table = 'probe';
  const set: NftSet = {
    kind: 'nft-set',
    family,
    table,
    name: 'set',
    key: ['ifname', 'ether_addr', 'ipv4_addr'],
    interval: false,
  };
  const chain: NftChain = { kind: 'nft-chain', family, table, name: 'chain', base, rules: [rule] };
  const resources = [{ kind: 'nft-table', family, name: table } as const, set, chain];
  const operations = resources.map((want) => ({ op: 'create', want, reason: 'probe' }) as const);
  return nftRequests(operations, () => set).map(({ request }) => request);
}
