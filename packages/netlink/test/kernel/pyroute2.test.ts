import { test } from 'vitest';
import {
  addresses,
  fdb,
  filters,
  links,
  neighbours,
  neighbourTables,
  netnsIds,
  qdiscs,
  routes,
  rules,
  tcHandle,
  u32Match,
} from '../../src/index.ts';
import { classes } from '../../src/rtnl/tc/class.ts';
import { expectReads, type Row } from './pyroute2-reads.ts';

const MAC = '02:00:00:00:00:09';

const rows: readonly Row[] = [
  {
    title: 'an address',
    reader: 'rtnl.ifaddrmsg.ifaddrmsg',
    request: addresses.create({
      index: 5,
      address: '10.0.0.1',
      prefix: 24,
      broadcast: '10.0.0.255',
      label: 'a:b',
      scope: 254,
      flags: { noPrefixRoute: true },
      lifetimes: { preferred: 60, valid: 120 },
    }),
    header: { family: 2, index: 5, prefixlen: 24, scope: 254 },
    attributes: {
      IFA_LOCAL: '10.0.0.1',
      IFA_ADDRESS: '10.0.0.1',
      IFA_BROADCAST: '10.0.0.255',
      IFA_LABEL: 'a:b',
      IFA_FLAGS: 0x200,
      IFA_CACHEINFO: { ifa_preferred: 60, ifa_valid: 120 },
    },
  },
  {
    title: 'an IPv6 address',
    reader: 'rtnl.ifaddrmsg.ifaddrmsg',
    request: addresses.create({ index: 5, address: '2001:db8::1', prefix: 64, peer: '2001:db8::2' }),
    header: { family: 10, prefixlen: 64 },
    attributes: { IFA_LOCAL: '2001:db8::1', IFA_ADDRESS: '2001:db8::2' },
  },
  {
    title: 'a route',
    reader: 'rtnl.rtmsg.rtmsg',
    request: routes.create({
      destination: '10.0.0.0/8',
      via: '10.1.0.1',
      outgoing: 3,
      metric: 9,
      table: 70_000,
      protocol: 4,
      preferredSource: '10.1.0.2',
      metrics: { mtu: 1400, hopLimit: 9, initialCongestionWindow: 20 },
    }),
    header: { family: 2, dst_len: 8, table: 0, proto: 4, scope: 0, type: 1 },
    attributes: {
      RTA_DST: '10.0.0.0',
      RTA_GATEWAY: '10.1.0.1',
      RTA_OIF: 3,
      RTA_PRIORITY: 9,
      RTA_TABLE: 70_000,
      RTA_PREFSRC: '10.1.0.2',
      RTA_METRICS: { RTAX_MTU: 1400, RTAX_HOPLIMIT: 9, RTAX_INITCWND: 20 },
    },
  },
  {
    title: 'a multipath route',
    reader: 'rtnl.rtmsg.rtmsg',
    request: routes.create({
      destination: '10.0.0.0/8',
      multipath: [
        { via: '10.1.0.1', outgoing: 3, weight: 5 },
        { via: '2001:db8::1', outgoing: 4, flags: { onLink: true } },
      ],
    }),
    header: { family: 2, dst_len: 8 },
    attributes: {
      RTA_MULTIPATH: [
        { hops: 4, oif: 3, flags: 0, RTA_GATEWAY: '10.1.0.1' },
        { hops: 0, oif: 4, flags: 4, RTA_VIA: { family: 10, addr: '2001:db8::1' } },
      ],
    },
  },
  {
    title: 'a rule',
    reader: 'rtnl.fibmsg.fibmsg',
    request: rules.create({
      priority: 7,
      from: '10.0.0.0/24',
      mark: 1,
      markMask: 255,
      incomingLink: 'eth0',
      ipProtocol: 6,
      destinationPorts: { first: 80, last: 90 },
      uids: { first: 1, last: 2 },
      suppressPrefixLength: 0,
      table: 70_000,
      protocol: 4,
      tos: 16,
    }),
    header: { family: 2, src_len: 24, dst_len: 0, tos: 16, action: 1 },
    attributes: {
      FRA_SRC: '10.0.0.0',
      FRA_FWMARK: 1,
      FRA_FWMASK: 255,
      FRA_IIFNAME: 'eth0',
      FRA_IP_PROTO: 6,
      FRA_DPORT_RANGE: '80:90',
      FRA_PRIORITY: 7,
      FRA_TABLE: 70_000,
      FRA_PROTOCOL: 4,
      FRA_SUPPRESS_PREFIXLEN: 0,
    },
  },
  {
    title: 'a neighbour',
    reader: 'rtnl.ndmsg.ndmsg',
    request: neighbours.create({ index: 5, address: '2001:db8::9', mac: MAC, flags: { router: true }, protocol: 42 }),
    header: { family: 10, ifindex: 5, state: 0x80, flags: 0x80 },
    attributes: { NDA_DST: '2001:db8::9', NDA_LLADDR: MAC },
  },
  {
    title: 'a forwarding entry',
    reader: 'rtnl.ndmsg.ndmsg',
    request: fdb.append({
      where: 'self',
      index: 5,
      mac: MAC,
      destination: '192.0.2.1',
      vni: 9,
      sourceVni: 8,
      port: 4790,
      outgoing: 6,
    }),
    header: { family: 7, ifindex: 5, state: 0xc0, flags: 2 },
    attributes: {
      NDA_LLADDR: MAC,
      NDA_DST: '192.0.2.1',
      NDA_VNI: 9,
      NDA_PORT: 4790,
      NDA_IFINDEX: 6,
    },
  },
  {
    title: 'a neighbour table',
    reader: 'rtnl.ndtmsg.ndtmsg',
    request: neighbourTables.change({
      name: 'arp_cache',
      family: 2,
      threshold1: 128,
      parameters: { index: 5, unicastProbes: 4, staleTime: 60_000 },
    }),
    header: { family: 2 },
    attributes: {
      NDTA_NAME: 'arp_cache',
      NDTA_THRESH1: 128,
      NDTA_PARMS: { NDTPA_IFINDEX: 5, NDTPA_UCAST_PROBES: 4, NDTPA_GC_STALETIME: 60_000 },
    },
  },
  {
    title: 'a link',
    reader: 'rtnl.ifinfmsg.ifinfmsg',
    request: links.create({
      name: 'vx7',
      mac: MAC,
      mtu: 1450,
      group: 9,
      kind: 'vxlan',
      data: { vni: 7, local: '192.0.2.1', port: 4789, learning: false },
    }),
    header: { family: 0, index: 0 },
    attributes: {
      IFLA_IFNAME: 'vx7',
      IFLA_ADDRESS: MAC,
      IFLA_MTU: 1450,
      IFLA_GROUP: 9,
      IFLA_LINKINFO: {
        IFLA_INFO_KIND: 'vxlan',
        IFLA_INFO_DATA: { IFLA_VXLAN_ID: 7, IFLA_VXLAN_LOCAL: '192.0.2.1', IFLA_VXLAN_LEARNING: 0 },
      },
    },
  },
  {
    title: 'a namespace id',
    reader: 'rtnl.nsidmsg.nsidmsg',
    request: netnsIds.assign({ pid: 77, id: 5 }),
    header: {},
    attributes: { NETNSA_NSID: 5, NETNSA_PID: 77 },
  },
  {
    title: 'a token bucket',
    reader: 'rtnl.tcmsg.tcmsg',
    request: qdiscs.create({
      kind: 'tbf',
      index: 5,
      handle: tcHandle(0x8001),
      options: { rate: 125_000, burst: 32_768, limit: 65_536 },
    }),
    header: { index: 5, handle: 0x8001_0000, parent: 0xffff_ffff },
    attributes: {
      TCA_KIND: 'tbf',
      TCA_OPTIONS: { TCA_TBF_PARMS: { rate: 125_000, limit: 65_536, buffer: 4_096_000 } },
    },
  },
  {
    title: 'a class of htb',
    reader: 'rtnl.tcmsg.tcmsg',
    request: classes.create({
      kind: 'htb',
      index: 5,
      parent: tcHandle(1),
      handle: tcHandle(1, 2),
      options: { rate: 1_250_000, ceil: 2_500_000, priority: 3, quantum: 3000 },
    }),
    header: { index: 5, handle: 0x1_0002, parent: 0x1_0000 },
    attributes: {
      TCA_KIND: 'htb',
      TCA_OPTIONS: { TCA_HTB_PARMS: { rate: 1_250_000, ceil: 2_500_000, prio: 3, quantum: 3000, buffer: 20_000 } },
    },
  },
  {
    title: 'fq_codel',
    reader: 'rtnl.tcmsg.tcmsg',
    request: qdiscs.create({ kind: 'fq_codel', index: 5, options: { target: 5000, limit: 1000, flows: 64, ecn: 1 } }),
    header: { index: 5 },
    attributes: {
      TCA_KIND: 'fq_codel',
      TCA_OPTIONS: { TCA_FQ_CODEL_TARGET: 5000, TCA_FQ_CODEL_LIMIT: 1000, TCA_FQ_CODEL_FLOWS: 64, TCA_FQ_CODEL_ECN: 1 },
    },
  },
  {
    title: 'a u32 filter with a rate',
    reader: 'rtnl.tcmsg.tcmsg',
    request: filters.create({
      kind: 'u32',
      index: 5,
      parent: 'ingress',
      priority: 9,
      protocol: 0x800,
      options: {
        selector: { keys: u32Match.ipv4({ destination: '10.0.0.9/32' }) },
        actions: [{ kind: 'police', options: { rate: 125_000, burst: 10_240 } }],
      },
    }),
    header: { index: 5, parent: 0xffff_fff2, info: 0x0009_0008 },
    attributes: {
      TCA_KIND: 'u32',
      TCA_OPTIONS: {
        TCA_U32_SEL: { nkeys: 1 },
        TCA_U32_ACT: {
          TCA_ACT_PRIO_1: {
            TCA_ACT_KIND: 'police',
            TCA_ACT_OPTIONS: { TCA_POLICE_TBF: { rate: 125_000, burst: 1_280_000, action: 2 } },
          },
        },
      },
    },
  },
  {
    title: 'matchall that drops',
    reader: 'rtnl.tcmsg.tcmsg',
    request: filters.create({
      kind: 'matchall',
      index: 5,
      parent: 'egress',
      priority: 1,
      options: { actions: [{ kind: 'gact', options: { verdict: 'drop' } }] },
    }),
    header: { parent: 0xffff_fff3 },
    attributes: {
      TCA_KIND: 'matchall',
      TCA_OPTIONS: {
        TCA_MATCHALL_ACT: {
          TCA_ACT_PRIO_1: { TCA_ACT_KIND: 'gact', TCA_ACT_OPTIONS: { TCA_GACT_PARMS: { action: 2 } } },
        },
      },
    },
  },
];

test('pyroute2 reads of our bytes what we meant', () => expectReads(rows));
