import { bridgeVlanRow } from './bridge-rows.ts';
import type { LinkRow } from './link-rows.ts';

/** Index of the link `lower`, a dummy, that others are made on. */
export const LOWER = 100;

const OVER_V4 = { local: '192.0.2.1', remote: '192.0.2.2' };
const OVER_V6 = { local: '2001:db8::1', remote: '2001:db8::2' };

/** Rows of kinds that many kernels are built without. */
export const kindRows: readonly LinkRow[] = [
  bridgeVlanRow,
  { kind: 'dummy', words: '', data: {}, seen: {} },
  { kind: 'wireguard', words: '', data: {}, seen: {} },
  {
    kind: 'vlan',
    title: 'of a provider, with maps of priorities',
    parent: 'lower',
    words:
      'protocol 802.1ad id 4094 reorder_hdr off gvrp on mvrp on loose_binding on ' +
      'egress-qos-map 1:7 2:6 ingress-qos-map 5:3',
    data: {
      protocol: 0x88a8,
      id: 4094,
      flags: {
        flags: { gvrp: true, looseBinding: true, mvrp: true },
        mask: { reorderHeader: true, gvrp: true, looseBinding: true, mvrp: true },
      },
      egressPriorities: [
        { from: 1, to: 7 },
        { from: 2, to: 6 },
      ],
      ingressPriorities: [{ from: 5, to: 3 }],
    },
    told: {
      // The mask is told with all its bits, those that have no name here too.
      flags: {
        flags: { gvrp: true, looseBinding: true, mvrp: true },
        mask: { reorderHeader: true, gvrp: true, looseBinding: true, mvrp: true },
      },
    },
    seen: {
      protocol: '802.1ad',
      id: 4094,
      flags: ['GVRP', 'MVRP', 'LOOSE_BINDING'],
      egress_qos: [
        { from: 1, to: 7 },
        { from: 2, to: 6 },
      ],
      ingress_qos: [{ from: 5, to: 3 }],
    },
  },
  {
    kind: 'bond',
    title: 'in mode 802.3ad',
    words:
      'mode 802.3ad miimon 150 updelay 300 downdelay 450 peer_notify_delay 600 xmit_hash_policy layer3+4 ' +
      'lacp_rate fast lacp_active off ad_select bandwidth ad_actor_sys_prio 1000 ad_user_port_key 77 ' +
      'ad_actor_system 02:00:00:00:00:ad min_links 1 all_slaves_active 1 resend_igmp 3',
    data: {
      mode: '802.3ad',
      linkMonitorInterval: 150,
      upDelay: 300,
      downDelay: 450,
      peerNotifyDelay: 600,
      transmitHashPolicy: 'layer3+4',
      lacpRate: 1,
      lacpActive: false,
      aggregatorSelection: 1,
      actorSystemPriority: 1000,
      userPortKey: 77,
      actorSystem: '02:00:00:00:00:ad',
      minLinks: 1,
      allPortsActive: true,
      resendIgmp: 3,
    },
    seen: {
      mode: '802.3ad',
      miimon: 150,
      updelay: 300,
      downdelay: 450,
      peer_notify_delay: 600,
      xmit_hash_policy: 'layer3+4',
      ad_lacp_rate: 'fast',
      ad_lacp_active: 'off',
      ad_select: 'bandwidth',
      ad_actor_sys_prio: 1000,
      ad_user_port_key: 77,
      ad_actor_system: '02:00:00:00:00:ad',
      min_links: 1,
      all_slaves_active: 1,
      resend_igmp: 3,
    },
  },
  {
    kind: 'bond',
    title: 'in mode active-backup, watched by ARP',
    words:
      'mode active-backup arp_interval 500 arp_ip_target 192.0.2.1,192.0.2.2 arp_validate all arp_all_targets all ' +
      'arp_missed_max 5 primary_reselect better fail_over_mac active num_grat_arp 4',
    data: {
      mode: 'active-backup',
      arpInterval: 500,
      arpTargets: ['192.0.2.1', '192.0.2.2'],
      arpValidate: 3,
      arpAllTargets: 1,
      missedMax: 5,
      primaryReselect: 1,
      failOverMac: 1,
      peerNotifications: 4,
    },
    seen: {
      mode: 'active-backup',
      arp_interval: 500,
      arp_ip_target: ['192.0.2.1', '192.0.2.2'],
      arp_validate: 'all',
      arp_all_targets: 'all',
      arp_missed_max: 5,
      primary_reselect: 'better',
      fail_over_mac: 'active',
      num_peer_notif: 4,
    },
  },
  {
    kind: 'bond',
    title: 'in mode balance-tlb',
    words: 'mode balance-tlb tlb_dynamic_lb 0 lp_interval 9 miimon 100',
    data: {
      mode: 'balance-tlb',
      dynamicLoadBalancing: false,
      learningInterval: 9,
      linkMonitorInterval: 100,
    },
    told: { packetsPerPort: 1, useCarrier: true },
    seen: { mode: 'balance-tlb', tlb_dynamic_lb: 0, lp_interval: 9 },
  },
  {
    kind: 'bond',
    title: 'in mode balance-rr',
    words: 'mode balance-rr packets_per_slave 3 use_carrier 1 miimon 100',
    data: { mode: 'balance-rr', packetsPerPort: 3, linkMonitorInterval: 100 },
    seen: { mode: 'balance-rr', packets_per_slave: 3 },
  },
  {
    kind: 'ipvlan',
    parent: 'lower',
    words: 'mode l3s vepa',
    data: { mode: 'l3s', flags: { vepa: true } },
    seen: { mode: 'l3s', vepa: true },
  },
  {
    kind: 'ipvtap',
    parent: 'lower',
    words: 'mode l3 private',
    data: { mode: 'l3', flags: { private: true } },
    seen: { mode: 'l3', private: true },
  },
  {
    kind: 'macvlan',
    title: 'with what is sent not looped back',
    parent: 'lower',
    words: 'mode bridge bcqueuelen 500',
    data: { mode: 'bridge', broadcastQueueLength: 500 },
    seen: { mode: 'bridge', bcqueuelen: 500 },
  },
  { kind: 'vrf', words: 'table 4711', data: { table: 4711 }, seen: { table: 4711 } },
  {
    kind: 'geneve',
    words: 'id 77 remote 192.0.2.2 ttl 9 tos 0x10 df set dstport 6082 noudpcsum',
    data: {
      vni: 77,
      remote: '192.0.2.2',
      ttl: 9,
      tos: 16,
      dontFragment: 1,
      port: 6082,
      udpChecksum: false,
    },
    seen: { id: 77, remote: '192.0.2.2', ttl: 9, tos: '0x10', df: 'set', port: 6082, udp_csum: false },
  },
  {
    kind: 'geneve',
    title: 'over IPv6',
    words: 'id 78 remote 2001:db8::2 ttl inherit flowlabel 0x12345 udp6zerocsumtx udp6zerocsumrx',
    data: {
      vni: 78,
      remote6: '2001:db8::2',
      ttlInherit: true,
      label: 0x1_2345,
      udpZeroChecksum6Tx: true,
      udpZeroChecksum6Rx: true,
    },
    seen: { id: 78, remote6: '2001:db8::2', label: '0x12345' },
  },
  {
    kind: 'gretap',
    words: 'local 192.0.2.1 remote 192.0.2.2 ikey 5 okey 6 iseq ocsum ttl 7 tos 0x10 fwmark 0x99',
    data: {
      ...OVER_V4,
      inputFlags: { key: true, sequence: true },
      outputFlags: { key: true, checksum: true },
      inputKey: 5,
      outputKey: 6,
      ttl: 7,
      tos: 16,
      mark: 0x99,
    },
    told: { pathMtuDiscovery: true },
    seen: {
      ...OVER_V4,
      ikey: '0.0.0.5',
      okey: '0.0.0.6',
      iseq: true,
      ocsum: true,
      ttl: 7,
      tos: '0x10',
      fwmark: '0x99',
      pmtudisc: true,
    },
  },
  {
    kind: 'gre',
    title: 'over a link, fragments allowed, in UDP',
    words: 'local 192.0.2.1 remote 192.0.2.2 dev lower nopmtudisc encap fou encap-sport 5555 encap-dport 6666',
    data: {
      ...OVER_V4,
      link: LOWER,
      pathMtuDiscovery: false,
      encapsulation: 1,
      encapsulationFlags: 0,
      encapsulationSourcePort: 5555,
      encapsulationPort: 6666,
    },
    seen: { ...OVER_V4, link: 'lower', pmtudisc: false, encap: { type: 'fou', sport: 5555, dport: 6666 } },
  },
  {
    kind: 'ip6gretap',
    words: 'local 2001:db8::1 remote 2001:db8::2 ttl 9 encaplimit 3 tclass 0x10 flowlabel 0x00123',
    data: { ...OVER_V6, ttl: 9, encapsulationLimit: 3, flowInfo: 0x0100_0123 },
    seen: { ...OVER_V6, ttl: 9, encap_limit: 3, tclass: '0x10', flowlabel: '0x00123' },
  },
  {
    kind: 'ip6gre',
    words: 'local 2001:db8::1 remote 2001:db8::2 ttl 8 encaplimit none',
    data: { ...OVER_V6, ttl: 8, flags: { ignoreEncapsulationLimit: true } },
    seen: { ...OVER_V6, ttl: 8 },
  },
  {
    kind: 'ipip',
    words: 'mode any local 192.0.2.1 remote 192.0.2.2 ttl 7 tos 0x10 fwmark 0x99',
    data: { ...OVER_V4, protocol: 0, ttl: 7, tos: 16, mark: 0x99 },
    told: { pathMtuDiscovery: true },
    seen: { ...OVER_V4, ttl: 7, tos: '0x10', fwmark: '0x99' },
  },
  {
    kind: 'sit',
    words: 'local 192.0.2.1 remote 192.0.2.2 ttl 7 6rd-prefix 2001:db8::/40 6rd-relay_prefix 192.0.0.0/16',
    data: {
      ...OVER_V4,
      ttl: 7,
      sixRdPrefix: '2001:db8::',
      sixRdPrefixLength: 40,
      sixRdRelayPrefix: '192.0.0.0',
      sixRdRelayPrefixLength: 16,
    },
    seen: {
      ...OVER_V4,
      ttl: 7,
      prefix: '2001:db8::',
      prefixlen: 40,
      relay_prefix: '192.0.0.0',
      relay_prefixlen: 16,
    },
  },
  {
    kind: 'ip6tnl',
    words: 'mode any local 2001:db8::1 remote 2001:db8::2 hoplimit 9 encaplimit 3',
    data: { ...OVER_V6, ttl: 9, encapsulationLimit: 3, protocol: 0 },
    seen: { ...OVER_V6, ttl: 9, encap_limit: 3 },
  },
];
