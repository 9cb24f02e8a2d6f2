import { IFF_TAP, IN6_ADDR_GEN_MODE_NONE, type Link as KernelLink, links } from '@kcore/netlink';
import type { HostLink } from '../model/host-facts.ts';
import type {
  BridgeLink,
  BridgePort,
  ForeignLink,
  Link,
  TapLink,
  VethLink,
  VlanLink,
  VxlanLink,
} from '../model/resource.ts';
import { isOwnedLink } from './ownership.ts';

/** Names of links by index. */
export type LinkNames = ReadonlyMap<number, string>;

export function nameOf(link: KernelLink): string {
  return link.name ?? `#${link.index}`;
}

/** A link in the agent's words; undefined for one of kcore's group that is of no kind kcore makes. */
export function linkResource(link: KernelLink, names: LinkNames): Link | undefined {
  const common = commonOf(link, names);
  if (!isOwnedLink(link)) {
    const foreign: ForeignLink = { ...common, type: 'foreign', owned: false };
    return foreign;
  }
  return ownedLink(link, { ...common, owned: true }, names);
}

type Common = Omit<ForeignLink, 'type'>;

function commonOf(link: KernelLink, names: LinkNames): Common {
  const { mac, mtu, alias } = link;
  const altNames = link.properties?.altNames;
  const port = portOf(link);
  return {
    kind: 'link',
    name: nameOf(link),
    owned: false,
    ...(alias === undefined ? {} : { alias }),
    ...(altNames === undefined || altNames.length === 0 ? {} : { altNames }),
    ...(mac === undefined ? {} : { mac }),
    ...(mtu === undefined ? {} : { mtu }),
    up: link.flags.up === true,
    master: masterOf(link, names) ?? null,
    ...(port === undefined ? {} : { port }),
    ipv6LinkLocal: makesLinkLocal(link),
    forwarding: isForwarding(link),
  };
}

function portOf({ port }: KernelLink): BridgePort | undefined {
  if (port === undefined) return undefined;
  const { learning, neighSuppress, hairpin } = port;
  return {
    ...(learning === undefined ? {} : { learning }),
    ...(neighSuppress === undefined ? {} : { neighSuppress }),
    ...(hairpin === undefined ? {} : { hairpin }),
  };
}

function masterOf({ master }: KernelLink, names: LinkNames): string | undefined {
  return master === undefined || master === 0 ? undefined : names.get(master);
}

/** Absent where the host has no IPv6: then there are none. */
function makesLinkLocal({ addressFamilies }: KernelLink): boolean {
  const mode = addressFamilies?.ipv6?.addressGeneration;
  return mode !== undefined && mode !== IN6_ADDR_GEN_MODE_NONE;
}

function isForwarding({ addressFamilies }: KernelLink): boolean {
  return addressFamilies?.ipv4?.conf?.forwarding === 1;
}

function ownedLink(link: KernelLink, common: Common, names: LinkNames): Link | undefined {
  switch (link.kind) {
    case 'bridge':
      return bridgeLink(link, common);
    case 'vlan':
      return vlanLink(link, common, names);
    case 'vxlan':
      return vxlanLink(link, common);
    case 'veth':
      return vethLink(common);
    case 'tun':
      return tapLink(link, common);
    default:
      return undefined;
  }
}

function bridgeLink(link: KernelLink, common: Common): BridgeLink {
  const { multicastSnooping, stpState } = links.dataOf(link, 'bridge') ?? {};
  return {
    ...common,
    type: 'bridge',
    ...(multicastSnooping === undefined ? {} : { multicastSnooping }),
    ...(stpState === undefined ? {} : { stp: stpState !== 0 }),
  };
}

function vlanLink(link: KernelLink, common: Common, names: LinkNames): VlanLink {
  const parent = link.parent === undefined ? undefined : names.get(link.parent);
  return { ...common, type: 'vlan', parent: parent ?? `#${link.parent}`, vlanId: links.dataOf(link, 'vlan')?.id ?? 0 };
}

function vxlanLink(link: KernelLink, common: Common): VxlanLink {
  const { vni = 0, local = '0.0.0.0', port = 0, learning = false } = links.dataOf(link, 'vxlan') ?? {};
  return { ...common, type: 'vxlan', vni, local, destinationPort: port, learning };
}

/** The peer lives in another namespace, of which the kernel tells nothing here; it is not compared. */
function vethLink(common: Common): VethLink {
  return { ...common, type: 'veth', peer: { name: '', mac: '', mtu: 0, netns: '' } };
}

function tapLink(link: KernelLink, common: Common): TapLink | undefined {
  const { owner, vnetHeader, multiQueue, type } = links.dataOf(link, 'tun') ?? {};
  if (type !== undefined && type !== IFF_TAP) return undefined;
  return {
    ...common,
    type: 'tap',
    ...(owner === undefined ? {} : { owner }),
    vnetHeader: vnetHeader === true,
    multiQueue: multiQueue === true,
  };
}

/** Any link as compile sees it. */
export function hostLink(link: KernelLink, names: LinkNames): HostLink {
  const master = masterOf(link, names);
  return {
    name: nameOf(link),
    index: link.index,
    ...(link.kind === undefined ? {} : { kind: link.kind }),
    ...(link.mac === undefined ? {} : { mac: link.mac }),
    mtu: link.mtu ?? 0,
    up: link.flags.up === true,
    ...(master === undefined ? {} : { master }),
    forwarding: isForwarding(link),
    owned: isOwnedLink(link),
  };
}
