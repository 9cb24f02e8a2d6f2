import { formatSubnet } from '@kcore/contract';
import type { HostFacts } from '../model/host-facts.ts';
import type { NftElement, NftRule, NftStatement, Resource } from '../model/resource.ts';
import { FORWARDS_MAP, type Forwards } from './forwards.ts';
import { accept, countedDrop, has, inSet, is, isNot, notInSet, rule, tableBuilder } from './nft-build.ts';
import type { ResolvedNetwork } from './resolved-network.ts';
import { VXLAN_PORT } from './vxlan-overhead.ts';

/**
 * `table ip kcore`: translation, and the filter of what is routed.
 *
 * One table for all networks, whose base chains dispatch by verdict map to a chain a network: 200 tables with base
 * chains of their own forward at a third of the speed. What changes often (forwards, peers, which bridges there are) is
 * a set or map element.
 *
 * With br_netfilter (`net.bridge.bridge-nf-call-iptables` 1) frames that are only bridged pass these chains too, with the
 * bridge as both iifname and oifname. `same-link` lets them pass before anything else looks at them, and every rule that
 * translates names the subnet and the link it leaves by, so the ruleset means the same with the sysctl at 0 and at 1.
 */
const ip = tableBuilder('ip');

/** Source subnet → the chain that translates. The one interval map there is. */
const SOURCES = 'sources';
/** Bridge a packet came from, or goes to → the chain that filters. Not `from` and `to`: `to` is a word of nft's grammar. */
const FROM_BRIDGE = 'from-bridge';
const TO_BRIDGE = 'to-bridge';
const SAME_LINK = 'same-link';
/** Uplinks that route only because kcore switched it on. */
const GUARDED_UPLINKS = 'guarded-uplinks';
const VXLAN_PEERS = 'vxlan-peers';

export interface Owned {
  readonly network?: string;
  readonly resource: Resource;
}

export function nftIp(networks: readonly ResolvedNetwork[], forwards: Forwards, host: HostFacts): readonly Owned[] {
  const routed = networks.filter((network) => network.segment !== undefined);
  if (routed.length === 0) return [];
  return [
    ...[...sharedSets(), ...baseChains()].map((resource) => ({ resource })),
    ...vxlanGuard(routed).map((resource) => ({ resource })),
    ...uplinkElements(routed, host).map((resource) => ({ resource })),
    ...routed.flatMap((network) =>
      networkResources(network).map((resource) => ({ network: network.spec.name, resource })),
    ),
    ...forwards.elements.map(({ network, element }) => ({ network, resource: element })),
  ];
}

function sharedSets(): readonly Resource[] {
  return [
    ip.table,
    ip.set(FORWARDS_MAP, ['ipv4_addr', 'inet_proto', 'inet_service'], { data: ['ipv4_addr', 'inet_service'] }),
    ip.set(SOURCES, ['ipv4_addr'], { interval: true, data: 'verdict' }),
    ip.set(FROM_BRIDGE, ['ifname'], { data: 'verdict' }),
    ip.set(TO_BRIDGE, ['ifname'], { data: 'verdict' }),
    ip.set(SAME_LINK, ['ifname', 'ifname']),
    ip.set(GUARDED_UPLINKS, ['ifname']),
  ];
}

function baseChains(): readonly Resource[] {
  const filter = { type: 'filter', hook: 'forward', priority: 0, policy: 'accept' } as const;
  const nat = (hook: 'prerouting' | 'output' | 'postrouting', priority: number) =>
    ({ type: 'nat', hook, priority, policy: 'accept' }) as const;
  return [
    ip.chain('prerouting', translateForwards, nat('prerouting', -100)),
    // Without it the host itself could not use its VMs' forwards.
    ip.chain('output', translateForwards, nat('output', -100)),
    ip.chain('postrouting', [rule({ vmap: ['ip saddr'], map: SOURCES })], nat('postrouting', 100)),
    ip.chain('forward', filterForwarded, filter),
  ];
}

/** Ports exist in these protocols only; for any other the load of the port fails and the packet goes on. */
const translateForwards: readonly NftRule[] = ['tcp', 'udp'].map((protocol) =>
  rule(is('meta l4proto', protocol), { dnatMap: ['ip daddr', 'meta l4proto', 'th dport'], map: FORWARDS_MAP }),
);

/** What comes from a bridge is decided by that network first, so that its sources are checked before another's forwards open. */
const filterForwarded: readonly NftRule[] = [
  rule(inSet(SAME_LINK, 'meta iifname', 'meta oifname'), accept),
  rule({ vmap: ['meta iifname'], map: FROM_BRIDGE }),
  rule({ vmap: ['meta oifname'], map: TO_BRIDGE }),
  rule(inSet(GUARDED_UPLINKS, 'meta iifname'), ...countedDrop),
];

/** Any host of the underlay can inject frames into an overlay by sending UDP to its port: only peers may. */
function vxlanGuard(networks: readonly ResolvedNetwork[]): readonly Resource[] {
  const overlays = networks.filter(({ spec }) => spec.type === 'vxlan');
  const vtep = overlays[0]?.vtep;
  if (vtep === undefined) return [];
  const peers = new Set(overlays.flatMap((network) => network.peers.map((peer) => peer.vtep)));
  const input = { type: 'filter', hook: 'input', priority: 0, policy: 'accept' } as const;
  const guard = [is('meta l4proto', 'udp'), is('th dport', String(VXLAN_PORT)), is('ip daddr', vtep)];
  return [
    ip.set(VXLAN_PEERS, ['ipv4_addr']),
    ip.chain('input', [rule(...guard, notInSet(VXLAN_PEERS, 'ip saddr'), ...countedDrop)], input),
    ...[...peers].map((peer) => ip.element(VXLAN_PEERS, [peer])),
  ];
}

/**
 * Switching forwarding on for an uplink makes the host a router for everybody on it. While the host as a whole
 * does not forward, it was kcore that did so, and flows on it that are not kcore's are dropped. An uplink that is a
 * bridge of the host's own must go on bridging under br_netfilter.
 */
function uplinkElements(networks: readonly ResolvedNetwork[], host: HostFacts): readonly Resource[] {
  const elements = new Map<string, NftElement>();
  for (const { nat, uplink } of networks) {
    if (!nat || uplink === undefined) continue;
    if (!host.ipForward) elements.set(`guard ${uplink.name}`, ip.element(GUARDED_UPLINKS, [uplink.name]));
    if (uplink.nic.kind !== 'bridge' || uplink.vlan !== undefined) continue;
    elements.set(`same ${uplink.name}`, ip.element(SAME_LINK, [uplink.name, uplink.name]));
  }
  return [...elements.values()];
}

function networkResources(network: ResolvedNetwork): readonly Resource[] {
  const { spec, bridge, segment, nat } = network;
  if (segment === undefined) return [];
  const sameLink = ip.element(SAME_LINK, [bridge.name, bridge.name]);
  // An overlay without outbound NAT is not routed, in either direction.
  if (!nat) {
    return [sameLink, ip.element(FROM_BRIDGE, [bridge.name], 'drop'), ip.element(TO_BRIDGE, [bridge.name], 'drop')];
  }
  const subnet = formatSubnet(segment.subnet);
  return [
    sameLink,
    ip.chain(`nat-${spec.name}`, natRules(network, subnet)),
    ip.chain(`from-${spec.name}`, fromRules(network, subnet)),
    ip.chain(`to-${spec.name}`, toRules),
    ip.element(SOURCES, [subnet], `jump nat-${spec.name}`),
    ip.element(FROM_BRIDGE, [bridge.name], `jump from-${spec.name}`),
    ip.element(TO_BRIDGE, [bridge.name], `jump to-${spec.name}`),
  ];
}

/**
 * The first rule is for a VM that reaches a forward of its own network: the VM it leads to would answer directly, from
 * an address the first one never wrote to, so the answer has to come back through the host.
 */
function natRules({ spec, uplink, external }: ResolvedNetwork, subnet: string): readonly NftRule[] {
  const fromSubnet = is('ip saddr', subnet);
  const toForward = rule(fromSubnet, is('ip daddr', subnet), has('ct status', 'dnat'), { masquerade: true });
  const hairpin = spec.type === 'nat' ? [toForward] : [];
  if (uplink === undefined) return hairpin;
  const source: NftStatement = external?.snat === true ? { snat: external.address } : { masquerade: true };
  return [...hairpin, rule(fromSubnet, is('meta oifname', uplink.name), source)];
}

/** An invalid packet is one that conntrack would not translate: it would leave with the VM's own address. */
function fromRules({ uplink }: ResolvedNetwork, subnet: string): readonly NftRule[] {
  return [
    rule(isNot('ip saddr', subnet), ...countedDrop),
    rule(has('ct state', 'invalid'), ...countedDrop),
    rule(has('ct state', 'established,related'), accept),
    rule(has('ct status', 'dnat'), accept),
    ...(uplink === undefined ? [] : [rule(is('meta oifname', uplink.name), accept)]),
    rule(...countedDrop),
  ];
}

const toRules: readonly NftRule[] = [
  rule(has('ct state', 'established,related'), accept),
  rule(has('ct status', 'dnat'), accept),
  rule(...countedDrop),
];
