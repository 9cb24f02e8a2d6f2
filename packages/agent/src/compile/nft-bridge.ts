import { vxlanBridgeMac, vxlanName } from '@kcore/contract';
import type { NftRule, Resource } from '../model/resource.ts';
import { countedDrop, inSet, is, notInSet, rule, tableBuilder } from './nft-build.ts';
import type { Owned } from './nft-ip.ts';
import type { Port } from './ports.ts';
import type { ResolvedNetwork } from './resolved-network.ts';

/**
 * `table bridge kcore`: what concerns ports.
 *
 * Ports are told by iifname and oifname only, because matching the bridge they belong to needs a kernel option that may
 * be missing (CONFIG_NFT_BRIDGE_META). The base chains dispatch by verdict map, so a frame of a port that is not kcore's
 * costs one lookup, and a VM that comes or goes is a few elements.
 */
const bridge = tableBuilder('bridge');

/** Port a frame came in on → what it is held to. */
const INGRESS = 'ingress';
/** Port a frame goes out by → what it is held to. */
const EGRESS = 'egress';
/** Who is behind a port. */
const PORT_MACS = 'port-macs';
const PORT_ADDRESSES = 'port-addresses';
/** The gateway MAC of each overlay, by its vxlan port. */
const OVERLAY_GATEWAYS = 'overlay-gateways';
/** Ports in hairpin mode, as pairs of themselves. */
const HAIRPIN = 'hairpin-ports';

const GUARD_MAC = 'guard-mac';
const GUARD_ADDRESS = 'guard-address';
const FROM_OVERLAY = 'from-overlay';
const TO_OVERLAY = 'to-overlay';

/**
 * Before br_netfilter's own hooks, which on prerouting and forward take a frame away and go on behind themselves: a chain
 * of priority 0 on forward never sees an ARP frame while br_netfilter is loaded (tried on 6.18).
 * Source: NF_BR_PRI_NAT_DST_BRIDGED, NF_BR_PRI_FILTER_BRIDGED in include/uapi/linux/netfilter_bridge.h.
 */
const PREROUTING_PRIORITY = -300;
const FORWARD_PRIORITY = -200;

export function nftBridge(networks: readonly ResolvedNetwork[], ports: readonly Port[]): readonly Owned[] {
  const overlays = networks.filter(({ spec }) => spec.type === 'vxlan');
  const elements = [...overlays.flatMap(overlayElements), ...ports.flatMap(portElements)];
  if (elements.length === 0) return [];
  return [...skeleton.map((resource) => ({ resource })), ...elements];
}

/** nft's notation of IPPROTO_ICMPV6. */
const ICMPV6 = 'ipv6-icmp';

const isDhcpTo = (port: '67' | '68' | '547', field: 'th sport' | 'th dport', protocol: 'ip' | 'ip6') => [
  is('meta protocol', protocol),
  is('meta l4proto', 'udp'),
  is(field, port),
];

const foreignMac = rule(notInSet(PORT_MACS, 'meta iifname', 'ether saddr'), ...countedDrop);

/**
 * `meta protocol` and not `ether type`: of a frame with a VLAN tag the latter is the tag's, which would let the frame
 * pass unread. A guest's source 0.0.0.0, with which it asks for its first address or probes for a duplicate, is one of
 * its elements and not an exception here.
 */
const guardRules: readonly NftRule[] = [
  foreignMac,
  rule(is('meta protocol', 'ip'), notInSet(PORT_ADDRESSES, 'meta iifname', 'ether saddr', 'ip saddr'), ...countedDrop),
  rule(
    is('meta protocol', 'arp'),
    notInSet(PORT_ADDRESSES, 'meta iifname', 'arp saddr ether', 'arp saddr ip'),
    ...countedDrop,
  ),
  rule(...isDhcpTo('67', 'th sport', 'ip'), ...countedDrop),
  rule(...isDhcpTo('547', 'th sport', 'ip6'), ...countedDrop),
  rule(is('meta protocol', 'ip6'), is('meta l4proto', ICMPV6), is('icmpv6 type', 'nd-router-advert'), ...countedDrop),
];

/** DHCP never crosses an overlay: each node answers its own VMs. */
const noDhcp: readonly NftRule[] = [
  rule(...isDhcpTo('67', 'th dport', 'ip'), ...countedDrop),
  rule(...isDhcpTo('68', 'th dport', 'ip'), ...countedDrop),
];

/**
 * The gateway is on every node with one MAC, so a frame from it that crosses is a duplicate of what each node says itself
 * (IGMP and MLD of the host, for example), and one that arrives would move the gateway.
 */
const skeleton: readonly Resource[] = [
  bridge.table,
  bridge.set(INGRESS, ['ifname'], { data: 'verdict' }),
  bridge.set(EGRESS, ['ifname'], { data: 'verdict' }),
  bridge.set(PORT_MACS, ['ifname', 'ether_addr']),
  bridge.set(PORT_ADDRESSES, ['ifname', 'ether_addr', 'ipv4_addr']),
  bridge.set(OVERLAY_GATEWAYS, ['ifname', 'ether_addr']),
  bridge.set(HAIRPIN, ['ifname', 'ifname']),
  bridge.chain(GUARD_MAC, [foreignMac]),
  bridge.chain(GUARD_ADDRESS, guardRules),
  bridge.chain(FROM_OVERLAY, [rule(inSet(OVERLAY_GATEWAYS, 'meta iifname', 'ether saddr'), ...countedDrop), ...noDhcp]),
  bridge.chain(TO_OVERLAY, [rule(inSet(OVERLAY_GATEWAYS, 'meta oifname', 'ether saddr'), ...countedDrop), ...noDhcp]),
  bridge.chain('prerouting', [rule({ vmap: ['meta iifname'], map: INGRESS })], {
    type: 'filter',
    hook: 'prerouting',
    priority: PREROUTING_PRIORITY,
    policy: 'accept',
  }),
  // A port in hairpin mode gets its own broadcasts back: a guest would find its own address taken (RFC 5227).
  bridge.chain(
    'forward',
    [
      rule(
        { mask: 'ether daddr', by: '01:00:00:00:00:00', op: '!=', value: '00:00:00:00:00:00' },
        inSet(HAIRPIN, 'meta iifname', 'meta oifname'),
        { verdict: 'drop' },
      ),
    ],
    { type: 'filter', hook: 'forward', priority: FORWARD_PRIORITY, policy: 'accept' },
  ),
  bridge.chain('postrouting', [rule({ vmap: ['meta oifname'], map: EGRESS })], {
    type: 'filter',
    hook: 'postrouting',
    priority: 0,
    policy: 'accept',
  }),
];

function overlayElements({ spec }: ResolvedNetwork): readonly Owned[] {
  if (spec.vni === undefined) return [];
  const port = vxlanName(spec.vni);
  return [
    bridge.element(INGRESS, [port], `jump ${FROM_OVERLAY}`),
    bridge.element(EGRESS, [port], `jump ${TO_OVERLAY}`),
    bridge.element(OVERLAY_GATEWAYS, [port, vxlanBridgeMac(spec.vni)]),
  ].map((resource) => ({ network: spec.name, resource }));
}

/** By default: everything for nat and vxlan, the MAC only for bridge, whose addresses are upstream's. */
function portElements({ network, nic, link, hairpin }: Port): readonly Owned[] {
  const elements: Resource[] = [];
  if (nic.antiSpoofing) {
    const addresses = network.segment === undefined ? undefined : nic.address;
    const guard = addresses === undefined ? GUARD_MAC : GUARD_ADDRESS;
    elements.push(bridge.element(INGRESS, [link.name], `jump ${guard}`));
    elements.push(bridge.element(PORT_MACS, [link.name, nic.mac]));
    for (const address of addresses === undefined ? [] : ['0.0.0.0', addresses]) {
      elements.push(bridge.element(PORT_ADDRESSES, [link.name, nic.mac, address]));
    }
  }
  if (hairpin) elements.push(bridge.element(HAIRPIN, [link.name, link.name]));
  return elements.map((resource) => ({ network: network.spec.name, resource }));
}
