import {
  contains,
  type DhcpSpec,
  type ForwardSpec,
  invalidArgument,
  NETWORK_TYPES,
  type Network,
  type NetworkSpec,
  type NetworkType,
  parseIpv4,
  type Subnet,
} from '@kcore/contract';
import { present } from '../present.ts';
import { decideAddressing } from './addressing.ts';
import { checkDhcp } from './dhcp-decide.ts';
import { checkForwards } from './forward-decide.ts';
import { checkLinkName, checkName } from './name-rules.ts';

/**
 * From what a person wrote to what is stored: every default decided, everything checked that needs no look at nodes or
 * other networks. Pure.
 */

/** A network less what the transaction allocates and finds out. */
export type DecidedNetwork = Omit<Network, 'uid' | 'createdAt' | 'bridge' | 'vni' | 'nodes' | 'everyNode'>;

/** @throws {KcoreError} InvalidArgument that names the field. */
export function decideNetwork(name: string, spec: NetworkSpec): DecidedNetwork {
  checkName('network', name);
  const type = decideType(spec.type);
  refuseForeignFields(type, spec);
  const addressing = type === 'bridge' ? undefined : decideAddressing(type, spec);
  checkLinks(type, spec);
  const forwards = (spec.forwards ?? []).map(decideForward);
  const dhcp: DhcpSpec = spec.dhcp ?? {};
  if (addressing !== undefined) {
    checkForwards(forwards, addressing);
    checkDhcp(dhcp, type, addressing);
    checkExternalIps(spec, addressing.subnet);
  }
  return {
    name,
    type,
    ...present({
      externalIp: spec.externalIp,
      gatewayIp: addressing?.gatewayIp,
      internalNetmask: addressing?.internalNetmask,
      prefix: addressing?.subnet.prefix,
      vlanId: spec.vlanId,
      uplink: spec.uplink,
      externalGateway: spec.externalGateway,
      mtu: spec.mtu,
    }),
    outboundNat: type === 'nat' || (type === 'vxlan' && spec.enableOutboundNat !== false),
    forwards,
    allowedTcpPorts: [...new Set(spec.allowedTcpPorts ?? [])],
    allowedUdpPorts: [...new Set(spec.allowedUdpPorts ?? [])],
    dhcp,
  };
}

function decideType(type: string | undefined): NetworkType {
  const wanted = type === undefined || type === '' ? 'nat' : type;
  const known = NETWORK_TYPES.find((each) => each === wanted);
  if (known === undefined) {
    throw invalidArgument("network_type must be 'nat', 'bridge', or 'vxlan'", { field: 'spec.type' });
  }
  return known;
}

/** Fields that mean nothing for a type are refused, so that nobody waits for an effect they do not have. */
const foreignFields: Readonly<Record<NetworkType, Partial<Record<keyof NetworkSpec, string>>>> = {
  nat: {},
  bridge: {
    gatewayIp: "VMs of a bridge network use the upstream network's gateway",
    internalNetmask: "VMs of a bridge network use the upstream network's addresses",
    externalIp: 'a bridge network does no address translation',
    externalGateway: 'a bridge network does no address translation',
    forwards: 'a bridge network does no address translation; its VMs are reached at their own addresses',
    allowedTcpPorts: 'a bridge network does no address translation; its VMs are reached at their own addresses',
    allowedUdpPorts: 'a bridge network does no address translation; its VMs are reached at their own addresses',
    dhcp: 'VMs of a bridge network use the upstream DHCP server',
  },
  vxlan: {
    vlanId: 'a vxlan network is an overlay; VLANs are for nat and bridge',
    externalGateway: 'it belongs to vlanId, which is for nat and bridge',
    forwards: 'forwards are for nat networks: on an overlay the answer would leave by another node',
    allowedTcpPorts: 'port forwarding is for nat networks: on an overlay the answer would leave by another node',
    allowedUdpPorts: 'port forwarding is for nat networks: on an overlay the answer would leave by another node',
  },
};

function refuseForeignFields(type: NetworkType, spec: NetworkSpec): void {
  for (const [field, reason] of Object.entries(foreignFields[type])) {
    const value = spec[field as keyof NetworkSpec];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    throw invalidArgument(`${field} cannot be used with type '${type}': ${reason}`, { field: `spec.${field}` });
  }
  if (type === 'nat' && spec.enableOutboundNat === false) {
    throw invalidArgument("enableOutboundNat cannot be false with type 'nat': use type 'vxlan' without it", {
      field: 'spec.enableOutboundNat',
    });
  }
  if (type === 'bridge' && spec.enableOutboundNat === true) {
    throw invalidArgument("enableOutboundNat cannot be true with type 'bridge': it does no address translation", {
      field: 'spec.enableOutboundNat',
    });
  }
}

function checkLinks(type: NetworkType, spec: NetworkSpec): void {
  const { vlanId, mtu } = spec;
  if (vlanId !== undefined && !(Number.isInteger(vlanId) && vlanId >= 1 && vlanId <= 4094)) {
    throw invalidArgument(`vlanId ${vlanId} is not a VLAN id: it must be 1 to 4094`, { field: 'spec.vlanId' });
  }
  if (mtu !== undefined && !(Number.isInteger(mtu) && mtu >= 576 && mtu <= 65_485)) {
    throw invalidArgument(`mtu ${mtu} is not possible: it must be 576 to 65485`, { field: 'spec.mtu' });
  }
  if (spec.uplink !== undefined) checkLinkName(spec.uplink, 'uplink');
  if (spec.externalGateway !== undefined && vlanId === undefined) {
    throw invalidArgument(
      `externalGateway is for type '${type}' with a vlanId: without one the node's own routes are used`,
      {
        field: 'spec.externalGateway',
      },
    );
  }
  const names = (spec.nodes ?? []).map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalidArgument(`node '${twice}' is named twice`, { field: 'spec.nodes' });
}

function checkExternalIps(spec: NetworkSpec, subnet: Subnet): void {
  for (const externalIp of [spec.externalIp, ...(spec.nodes ?? []).map((node) => node.externalIp)]) {
    const address = externalIp?.split('/')[0];
    if (address === undefined || !contains(subnet, parseIpv4(address))) continue;
    throw invalidArgument(`externalIp ${address} lies in the network's own subnet; it is an address of the node`, {
      field: 'spec.externalIp',
    });
  }
}

function decideForward(forward: ForwardSpec): ForwardSpec {
  return { ...forward, targetPort: forward.targetPort ?? forward.port };
}
