/* Names of numbers, as nft(8) prints them. */

/** IANA protocol numbers. */
export const ipProtocols = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  sctp: 132,
  udplite: 136,
} as const;

export const etherTypes = { ip: 0x0800, arp: 0x0806, vlan: 0x8100, ip6: 0x86dd, '8021ad': 0x88a8 } as const;

/** RFC 826 and IANA. */
export const arpOperations = {
  request: 1,
  reply: 2,
  rrequest: 3,
  rreply: 4,
  inrequest: 8,
  inreply: 9,
  nak: 10,
} as const;

/** RFC 792. */
export const icmpTypes = {
  'echo-reply': 0,
  'destination-unreachable': 3,
  'source-quench': 4,
  redirect: 5,
  'echo-request': 8,
  'router-advertisement': 9,
  'router-solicitation': 10,
  'time-exceeded': 11,
  'parameter-problem': 12,
  'timestamp-request': 13,
  'timestamp-reply': 14,
  'info-request': 15,
  'info-reply': 16,
  'address-mask-request': 17,
  'address-mask-reply': 18,
} as const;

/** RFC 4443, RFC 4861, RFC 3810. */
export const icmpv6Types = {
  'destination-unreachable': 1,
  'packet-too-big': 2,
  'time-exceeded': 3,
  'parameter-problem': 4,
  'echo-request': 128,
  'echo-reply': 129,
  'mld-listener-query': 130,
  'mld-listener-report': 131,
  'mld-listener-done': 132,
  'nd-router-solicit': 133,
  'nd-router-advert': 134,
  'nd-neighbor-solicit': 135,
  'nd-neighbor-advert': 136,
  'nd-redirect': 137,
  'router-renumbering': 138,
  'ind-neighbor-solicit': 141,
  'ind-neighbor-advert': 142,
  'mld2-listener-report': 143,
} as const;

/** NF_CT_STATE_BIT. */
export const ctStates = { invalid: 1, established: 2, related: 4, new: 8, untracked: 64 } as const;

export const ctDirections = { original: 0, reply: 1 } as const;

/** PACKET_*. */
export const packetTypes = { host: 0, broadcast: 1, multicast: 2, other: 3 } as const;

/** RTN_*. */
export const addressTypes = {
  unspec: 0,
  unicast: 1,
  local: 2,
  broadcast: 3,
  anycast: 4,
  multicast: 5,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
} as const;
