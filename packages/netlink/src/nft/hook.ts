import {
  NF_ARP_FORWARD,
  NF_ARP_IN,
  NF_ARP_OUT,
  NF_INET_FORWARD,
  NF_INET_INGRESS,
  NF_INET_LOCAL_IN,
  NF_INET_LOCAL_OUT,
  NF_INET_POST_ROUTING,
  NF_INET_PRE_ROUTING,
  NF_NETDEV_EGRESS,
  NF_NETDEV_INGRESS,
} from '../uapi/netfilter.ts';
import type { Family } from './header.ts';

/** Where in the kernel a base chain sees packets. Not every family has every hook. */
export type Hook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress' | 'egress';

type Hooks = Readonly<Partial<Record<Hook, number>>>;

/** Also those of the bridge family: NF_BR_* have the same numbers. */
const common: Hooks = {
  prerouting: NF_INET_PRE_ROUTING,
  input: NF_INET_LOCAL_IN,
  forward: NF_INET_FORWARD,
  output: NF_INET_LOCAL_OUT,
  postrouting: NF_INET_POST_ROUTING,
};

const hooks: Readonly<Record<Family, Hooks>> = {
  ip: common,
  ip6: common,
  inet: { ...common, ingress: NF_INET_INGRESS },
  bridge: common,
  arp: { input: NF_ARP_IN, output: NF_ARP_OUT, forward: NF_ARP_FORWARD },
  netdev: { ingress: NF_NETDEV_INGRESS, egress: NF_NETDEV_EGRESS },
};

/** @throws {RangeError} The family has no such hook. */
export function hookNumber(family: Family, hook: Hook): number {
  const number = hooks[family][hook];
  if (number === undefined)
    throw new RangeError(
      `tables of the family ${family} have no hook ${hook}; there are ${Object.keys(hooks[family]).join(', ')}`,
    );
  return number;
}

export function hookName(family: Family, number: number): Hook | undefined {
  return (Object.entries(hooks[family]) as [Hook, number][]).find((entry) => entry[1] === number)?.[0];
}
