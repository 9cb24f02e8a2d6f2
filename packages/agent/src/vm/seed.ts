import type { NodeNetwork, Vm } from '@kcore/contract';
import type { Seed } from '../model/runtime.ts';
import { type YamlValue, yaml } from './yaml.ts';

/** What a guest's configuration depends on beside the VM itself. */
export interface SeedContext {
  /** The VM's networks as they are on this node, by name. */
  readonly networks: ReadonlyMap<string, NodeNetwork>;
  /** The MTU of a network, bytes, as it was given to its bridge. Absent: the guest keeps its own default. */
  readonly mtuOf: (network: string) => number | undefined;
  /** The node's own resolvers that a guest could reach: none on a loopback address. */
  readonly resolvers: readonly string[];
}

/** Resolvers for a node that has none of its own which a guest could reach. */
export const PUBLIC_RESOLVERS = ['1.1.1.1', '8.8.8.8'];

/**
 * The documents of cloud-init's NoCloud data source for one VM.
 * Source: cloudinit.readthedocs.io, "NoCloud" and "Networking config Version 2".
 */
export function seedOf(vm: Vm, context: SeedContext): Seed {
  return {
    metaData: yaml({ 'instance-id': vm.uid, 'local-hostname': vm.hostname }),
    networkConfig: yaml({
      version: 2,
      ethernets: Object.fromEntries(vm.nics.map((nic) => [`eth${nic.index}`, ethernet(nic, context)])),
    }),
    userData: userData(vm),
  };
}

function ethernet(nic: Vm['nics'][number], context: SeedContext): YamlValue {
  const network = context.networks.get(nic.network);
  const mtu = context.mtuOf(nic.network);
  return {
    match: { macaddress: nic.mac },
    'set-name': `eth${nic.index}`,
    ...(network?.type === 'vxlan' && nic.address !== undefined
      ? staticAddressing(nic.address, network, nic.index, context.resolvers)
      : { dhcp4: true }),
    ...(mtu === undefined ? {} : { mtu }),
  };
}

/**
 * The route is written `0.0.0.0/0`: cloud-init 22.4 throws on `default` in its own version 2 parser. A further NIC's
 * default route has a metric, because Linux refuses a second one that is equal to the first.
 */
function staticAddressing(
  address: string,
  network: NodeNetwork,
  nicIndex: number,
  resolvers: readonly string[],
): Record<string, YamlValue> {
  const { gatewayIp, prefix = 24, dhcp } = network;
  const own = resolvers.length > 0 ? resolvers : PUBLIC_RESOLVERS;
  return {
    dhcp4: false,
    addresses: [`${address}/${prefix}`],
    ...(gatewayIp === undefined ? {} : { routes: [{ to: '0.0.0.0/0', via: gatewayIp, ...metric(nicIndex) }] }),
    nameservers: {
      addresses: [...(dhcp.dns ?? own)],
      ...(dhcp.domain === undefined ? {} : { search: [dhcp.domain] }),
    },
  };
}

function metric(nicIndex: number): { readonly metric?: number } {
  return nicIndex === 0 ? {} : { metric: 100 * nicIndex };
}

/** User data is the user's own word; without it, the host name and keys as cloud-config. */
function userData(vm: Vm): string {
  if (vm.userData !== undefined) return vm.userData;
  const keys = vm.sshKeys.length === 0 ? {} : { ssh_authorized_keys: [...vm.sshKeys] };
  return `#cloud-config\n${yaml({ hostname: vm.hostname, ...keys })}`;
}
