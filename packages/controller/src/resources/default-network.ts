import { DEFAULT_NETWORK, failedPrecondition, type Network, type NetworkSpec } from '@kcore/contract';
import { dropPool } from '../ipam/addresses.ts';
import { poolOf } from '../ipam/pool.ts';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import { type Context, createdAt } from './context.ts';
import { allNodes, vmsOn } from './lookup.ts';
import { joinEligible } from './membership.ts';
import { claimBridge } from './network-create.ts';
import { decideNetwork } from './network-decide.ts';

/** `defaultNetwork` of the controller's configuration. */
export type DefaultNetworkSpec = Pick<NetworkSpec, 'gatewayIp' | 'internalNetmask' | 'externalIp' | 'uplink'>;

const usual = { type: 'nat', gatewayIp: '10.240.0.1', internalNetmask: '255.255.255.0' } as const;

/**
 * Makes the default network what the configuration says. Idempotent; called whenever the controller starts.
 * @throws {KcoreError} InvalidArgument for a configuration that cannot be; FailedPrecondition when its addresses change under VMs.
 */
export function ensureDefaultNetwork(tx: Transaction, context: Context, spec: DefaultNetworkSpec): void {
  const decided = decideNetwork(DEFAULT_NETWORK, { ...usual, ...spec });
  const existing = tx.get<Network>(keys.network(DEFAULT_NETWORK))?.value;
  if (existing === undefined) {
    const bridge = claimBridge(tx, DEFAULT_NETWORK);
    const fresh: Network = {
      ...decided,
      uid: context.newUid(),
      bridge,
      everyNode: true,
      nodes: [],
      createdAt: createdAt(context),
    };
    tx.put(keys.network(DEFAULT_NETWORK), joinEligible(tx, fresh, allNodes(tx)));
    return;
  }
  const moved = existing.gatewayIp !== decided.gatewayIp || existing.prefix !== decided.prefix;
  const [vm] = moved ? vmsOn(tx, DEFAULT_NETWORK) : [];
  if (vm !== undefined) {
    throw failedPrecondition(
      `defaultNetwork cannot move from ${existing.gatewayIp}/${existing.prefix} to ${decided.gatewayIp}/${decided.prefix} while VM '${vm.name}' is on it`,
      { field: 'defaultNetwork', remedy: `set it back, or delete the VMs of network '${DEFAULT_NETWORK}' first` },
    );
  }
  if (moved) for (const { name } of existing.nodes) dropPool(tx, poolOf(existing, name)?.id ?? name);
  const { uid, bridge, createdAt: madeAt, nodes } = existing;
  const next: Network = { ...decided, uid, bridge, everyNode: true, nodes, createdAt: madeAt };
  if (JSON.stringify(next) !== JSON.stringify(existing)) tx.put(keys.network(DEFAULT_NETWORK), next);
}
