import * as v from 'valibot';
import { DhcpSpec, ipv4 } from './dhcp-spec.ts';
import { isIpv4 } from './ipv4.ts';

export const NETWORK_TYPES = ['nat', 'bridge', 'vxlan'] as const;
export type NetworkType = (typeof NETWORK_TYPES)[number];

/** The network that is on every node from installation on. */
export const DEFAULT_NETWORK = 'default';

export const NAME_PATTERN = /^[A-Za-z0-9_-]{1,63}$/;

/** `a.b.c.d` or `a.b.c.d/len` (R-35: on a VLAN sub-interface the prefix says which net is on the link; default 24). */
const ipv4OptionalPrefix = v.pipe(
  v.string(),
  v.check((text) => {
    const [address = '', length, ...rest] = text.split('/');
    return (
      rest.length === 0 &&
      isIpv4(address) &&
      (length === undefined || (/^\d{1,2}$/.test(length) && +length >= 1 && +length <= 32))
    );
  }, 'must be an IPv4 address, optionally with a prefix length (192.168.40.105 or 192.168.40.105/24)'),
);
export const port = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1, 'a port is 1 to 65535'),
  v.maxValue(65535, 'a port is 1 to 65535'),
);

/** One forward (DNAT) from the external address to a VM. Exactly one of `vm` and `address` is given. */
export const ForwardSpec = v.strictObject({
  protocol: v.picklist(['tcp', 'udp'], "protocol must be 'tcp' or 'udp'"),
  port,
  vm: v.exactOptional(v.string()),
  address: v.exactOptional(ipv4),
  /** Defaults to `port`. */
  targetPort: v.exactOptional(port),
});
export type ForwardSpec = v.InferOutput<typeof ForwardSpec>;

/** `spec` of `kind: Network`, as a person writes it. Unknown keys are errors; what is absent was not said. */
export const NetworkSpec = v.strictObject({
  /** Absent or empty means nat (R-01). Any other text is refused by the controller with R-01's words. */
  type: v.exactOptional(v.string()),
  externalIp: v.exactOptional(ipv4OptionalPrefix),
  gatewayIp: v.exactOptional(ipv4),
  internalNetmask: v.exactOptional(v.string()),
  vlanId: v.exactOptional(v.number()),
  /** The physical NIC; the node's default-route NIC when absent. */
  uplink: v.exactOptional(v.string()),
  /** Next hop of a VLAN uplink for NAT. */
  externalGateway: v.exactOptional(ipv4),
  enableOutboundNat: v.exactOptional(v.boolean()),
  mtu: v.exactOptional(v.number()),
  forwards: v.exactOptional(v.array(ForwardSpec)),
  allowedTcpPorts: v.exactOptional(v.array(port)),
  allowedUdpPorts: v.exactOptional(v.array(port)),
  dhcp: v.exactOptional(DhcpSpec),
  /** nat and bridge: where it is. vxlan: absent means every node with VXLAN, those that join later too. */
  nodes: v.exactOptional(
    v.array(v.strictObject({ name: v.string(), externalIp: v.exactOptional(ipv4OptionalPrefix) })),
  ),
});
export type NetworkSpec = v.InferOutput<typeof NetworkSpec>;

/** What is stored and shown: the spec with every default decided, and what the controller allocated. */
export const Network = v.strictObject({
  name: v.string(),
  /** Never reused, so that a network deleted and made again under one name is another one. */
  uid: v.string(),
  type: v.picklist(NETWORK_TYPES),
  externalIp: v.exactOptional(v.string()),
  /** Absent only for type bridge. */
  gatewayIp: v.exactOptional(ipv4),
  internalNetmask: v.exactOptional(v.string()),
  prefix: v.exactOptional(v.number()),
  vlanId: v.exactOptional(v.number()),
  uplink: v.exactOptional(v.string()),
  externalGateway: v.exactOptional(ipv4),
  outboundNat: v.boolean(),
  /** vxlan only. */
  vni: v.exactOptional(v.number()),
  /** vxlan: fixed when the network is created. nat and bridge: only when given. */
  mtu: v.exactOptional(v.number()),
  forwards: v.array(ForwardSpec),
  allowedTcpPorts: v.array(port),
  allowedUdpPorts: v.array(port),
  dhcp: DhcpSpec,
  /** vxlan without `--target-node`: joins every node on which VXLAN is not disabled, now and later. */
  everyNode: v.boolean(),
  /** Nodes that `everyNode` leaves out, because the network was deleted there by hand. */
  excludedNodes: v.exactOptional(v.array(v.string())),
  nodes: v.array(v.strictObject({ name: v.string(), externalIp: v.exactOptional(v.string()) })),
  bridge: v.string(),
  /** RFC 3339. */
  createdAt: v.string(),
});
export type Network = v.InferOutput<typeof Network>;
