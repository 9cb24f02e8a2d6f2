import { bridge } from './bridge.ts';
import { bridgePort } from './bridge-port.ts';
import { dummy } from './dummy.ts';
import { tun } from './tun.ts';
import { veth } from './veth.ts';
import { vlan } from './vlan.ts';
import { vxlan } from './vxlan.ts';

/** `IFLA_INFO_DATA` by `IFLA_INFO_KIND`. A new kind is one file and one line; links of other kinds keep their data as bytes. */
export const kinds = { bridge, dummy, tun, veth, vlan, vxlan } as const;

/** `IFLA_INFO_SLAVE_DATA` by `IFLA_INFO_SLAVE_KIND`: the kind of the master. */
export const slaveKinds = { bridge: bridgePort } as const;
