import { bond, bondPort } from './bond.ts';
import { bridge } from './bridge.ts';
import { bridgePort } from './bridge-port.ts';
import { dummy, ifb, wireguard } from './dummy.ts';
import { geneve } from './geneve.ts';
import { gre } from './gre.ts';
import { ip6tnl, ipip, sit } from './ip-tunnel.ts';
import { ipvlan } from './ipvlan.ts';
import { macvlan } from './macvlan.ts';
import { tun } from './tun.ts';
import { veth } from './veth.ts';
import { vlan } from './vlan.ts';
import { vrf, vrfPort } from './vrf.ts';
import { vxlan } from './vxlan.ts';

/** `IFLA_INFO_DATA` by `IFLA_INFO_KIND`. A new kind is one file and one line; links of other kinds keep their data as bytes. */
export const kinds = {
  bond,
  bridge,
  dummy,
  erspan: gre,
  geneve,
  gre,
  gretap: gre,
  ifb,
  ip6erspan: gre,
  ip6gre: gre,
  ip6gretap: gre,
  ip6tnl,
  ipip,
  ipvlan,
  ipvtap: ipvlan,
  macvlan,
  macvtap: macvlan,
  sit,
  tun,
  veth,
  vlan,
  vrf,
  vxlan,
  wireguard,
} as const;

/** `IFLA_INFO_SLAVE_DATA` by `IFLA_INFO_SLAVE_KIND`: the kind of the master. */
export const slaveKinds = { bond: bondPort, bridge: bridgePort, vrf: vrfPort } as const;
