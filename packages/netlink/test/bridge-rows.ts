import type { LinkRow } from './link-rows.ts';

/** Every option of a bridge that has nothing to do with VLANs. */
export const bridgeRow: LinkRow = {
  kind: 'bridge',
  title: 'with all options but those of VLANs',
  words:
    'forward_delay 500 hello_time 300 max_age 1500 ageing_time 12300 stp_state 1 priority 4096 ' +
    'group_fwd_mask 8 group_address 01:80:c2:00:00:04 no_linklocal_learn 1 mcast_router 2 ' +
    'mcast_snooping 1 mcast_query_use_ifaddr 1 mcast_querier 1 mcast_hash_max 1024 ' +
    'mcast_last_member_count 5 mcast_startup_query_count 4 mcast_last_member_interval 200 ' +
    'mcast_membership_interval 25000 mcast_querier_interval 26000 mcast_query_interval 12000 ' +
    'mcast_query_response_interval 900 mcast_startup_query_interval 3000 mcast_stats_enabled 1 ' +
    'mcast_igmp_version 3 mcast_mld_version 2 nf_call_iptables 1 nf_call_ip6tables 1 ' +
    'nf_call_arptables 1',
  data: {
    forwardDelay: 500,
    helloTime: 300,
    maxAge: 1500,
    ageingTime: 12_300,
    stpState: 1,
    priority: 4096,
    groupForwardMask: 8,
    groupAddress: '01:80:c2:00:00:04',
    options: {
      values: { noLinkLocalLearn: true },
      mask: { noLinkLocalLearn: true },
    },
    multicastRouter: 2,
    multicastSnooping: true,
    multicastQueryUsesAddress: true,
    multicastQuerier: true,
    multicastHashMax: 1024,
    multicastLastMemberCount: 5,
    multicastStartupQueryCount: 4,
    multicastLastMemberInterval: 200n,
    multicastMembershipInterval: 25_000n,
    multicastQuerierInterval: 26_000n,
    multicastQueryInterval: 12_000n,
    multicastQueryResponseInterval: 900n,
    multicastStartupQueryInterval: 3000n,
    multicastStatistics: true,
    igmpVersion: 3,
    mldVersion: 2,
    callIptables: true,
    callIp6tables: true,
    callArptables: true,
  },
  seen: {
    forward_delay: 500,
    hello_time: 300,
    max_age: 1500,
    ageing_time: 12_300,
    stp_state: 1,
    priority: 4096,
    group_fwd_mask: '0x8',
    group_addr: '01:80:c2:00:00:04',
    no_linklocal_learn: 1,
    mcast_router: 2,
    mcast_snooping: 1,
    mcast_query_use_ifaddr: 1,
    mcast_querier: 1,
    mcast_hash_max: 1024,
    mcast_last_member_cnt: 5,
    mcast_startup_query_cnt: 4,
    mcast_last_member_intvl: 200,
    mcast_membership_intvl: 25_000,
    mcast_querier_intvl: 26_000,
    mcast_query_intvl: 12_000,
    mcast_query_response_intvl: 900,
    mcast_startup_query_intvl: 3000,
    mcast_stats_enabled: 1,
    mcast_igmp_version: 3,
    mcast_mld_version: 2,
    nf_call_iptables: 1,
    nf_call_ip6tables: 1,
    nf_call_arptables: 1,
  },
};

/** Those of VLANs, which a kernel may be built without. */
export const bridgeVlanRow: LinkRow = {
  kind: 'bridge',
  title: 'with all options of VLANs',
  words:
    'vlan_filtering 1 vlan_protocol 802.1ad vlan_default_pvid 7 vlan_stats_enabled 1 vlan_stats_per_port 1 ' +
    'mcast_vlan_snooping 1',
  data: {
    vlanFiltering: true,
    vlanProtocol: 0x88a8,
    vlanDefaultPvid: 7,
    vlanStatistics: true,
    vlanStatisticsPerPort: true,
    options: { values: { multicastVlanSnooping: true }, mask: { multicastVlanSnooping: true } },
  },
  seen: {
    vlan_filtering: 1,
    vlan_protocol: '802.1ad',
    vlan_default_pvid: 7,
    vlan_stats_enabled: 1,
    vlan_stats_per_port: 1,
    mcast_vlan_snooping: 1,
  },
};
