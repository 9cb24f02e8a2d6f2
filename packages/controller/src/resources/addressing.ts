import {
  broadcastOf,
  invalidArgument,
  type NetworkSpec,
  type NetworkType,
  netmaskOfPrefix,
  overlaps,
  parseIpv4,
  parseSubnet,
  prefixOfNetmask,
  type Subnet,
  subnetOf,
} from '@kcore/contract';

/** The subnet of a network that has one, decided: everything but a bridge network. */
export interface Addressing {
  readonly gatewayIp: string;
  readonly internalNetmask: string;
  readonly gateway: number;
  readonly subnet: Subnet;
}

const notForGuests = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3'].map(parseSubnet);

/** @throws {KcoreError} InvalidArgument that names the field. */
export function decideAddressing(type: NetworkType, spec: NetworkSpec): Addressing {
  const { gatewayIp, internalNetmask } = spec;
  if (gatewayIp === undefined) {
    throw invalidArgument(`gatewayIp is required with type '${type}' (for example 10.250.0.1)`, {
      field: 'spec.gatewayIp',
    });
  }
  if (internalNetmask === undefined) {
    throw invalidArgument(`internalNetmask is required with type '${type}' (for example 255.255.255.0)`, {
      field: 'spec.internalNetmask',
    });
  }
  const prefix = prefixOfNetmask(internalNetmask);
  if (prefix < 8 || prefix > 30) {
    const range = `/8 (${netmaskOfPrefix(8)}) to /30 (${netmaskOfPrefix(30)})`;
    throw invalidArgument(`internal_netmask ${internalNetmask} is a /${prefix}; it must be ${range}`, {
      field: 'spec.internalNetmask',
    });
  }
  const gateway = parseIpv4(gatewayIp);
  const subnet = subnetOf(gateway, prefix);
  if (gateway === subnet.network || gateway === broadcastOf(subnet)) {
    const which = gateway === subnet.network ? 'network' : 'broadcast';
    throw invalidArgument(`gatewayIp ${gatewayIp} is the ${which} address of its subnet /${prefix}`, {
      field: 'spec.gatewayIp',
    });
  }
  if (notForGuests.some((range) => overlaps(range, subnet))) {
    throw invalidArgument(`gatewayIp ${gatewayIp} is not in a range that hosts can have`, { field: 'spec.gatewayIp' });
  }
  return { gatewayIp, internalNetmask, gateway, subnet };
}
