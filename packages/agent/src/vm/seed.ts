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
 * What kcore has to say to every guest, beneath what the user says. Without `updates`, a guest would keep the network
 * configuration of its first boot, and a NIC that was added later would have none. No password lets anybody in: there is none.
 * Source: cloudinit.readthedocs.io, "Events and updates"; NoCloud's own events are those of every data source (22.4.2, 26.2).
 */
const VENDOR_DATA: YamlValue = {
  updates: { network: { when: ['boot-new-instance', 'boot'] } },
  ssh_pwauth: false,
};

/**
 * The documents of cloud-init's NoCloud data source for one VM. Keys are in the meta-data, because they are then the
 * default user's whatever the user data says, which need not even be cloud-config.
 * Source: cloudinit.readthedocs.io, "NoCloud" and "Networking config Version 2".
 */
export function seedOf(vm: Vm, context: SeedContext): Seed {
  const keys = vm.authorizedKeys ?? vm.sshKeys;
  return {
    metaData: yaml({
      'instance-id': vm.uid,
      'local-hostname': vm.hostname,
      ...(keys.length === 0 ? {} : { 'public-keys': [...keys] }),
    }),
    networkConfig: yaml({
      version: 2,
      ethernets: Object.fromEntries(vm.nics.map((nic) => [`eth${nic.index}`, ethernet(nic, vm, context)])),
    }),
    userData: vm.userData ?? `#cloud-config\n${yaml({ hostname: vm.hostname })}`,
    vendorData: `#cloud-config\n${yaml(VENDOR_DATA)}`,
  };
}

function ethernet(nic: Vm['nics'][number], { nics }: Vm, context: SeedContext): YamlValue {
  const network = context.networks.get(nic.network);
  const mtu = context.mtuOf(nic.network);
  return {
    match: { macaddress: nic.mac },
    'set-name': `eth${nic.index}`,
    ...(network?.type === 'vxlan' && nic.address !== undefined
      ? staticAddressing(nic.address, network, nic.index, context.resolvers)
      : { dhcp4: true, ...(nics.length > 1 ? { 'dhcp4-overrides': { 'route-metric': metricOf(nic.index) } } : {}) }),
    ...(mtu === undefined ? {} : { mtu }),
  };
}

/** The route is written `0.0.0.0/0`: cloud-init 22.4 throws on `default` in its own version 2 parser. */
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
    ...(gatewayIp === undefined
      ? {}
      : { routes: [{ to: '0.0.0.0/0', via: gatewayIp, ...(nicIndex === 0 ? {} : { metric: metricOf(nicIndex) }) }] }),
    nameservers: {
      addresses: [...(dhcp.dns ?? own)],
      ...(dhcp.domain === undefined ? {} : { search: [dhcp.domain] }),
    },
  };
}

/**
 * Of a NIC's default route, where there are several: Linux refuses a second one that is equal to the first, and without a
 * metric those by DHCP would all have the same. The NIC with the least index is used.
 */
function metricOf(nicIndex: number): number {
  return 100 * (nicIndex + 1);
}
