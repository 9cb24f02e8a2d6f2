import {
  bridgeName,
  type Condition,
  DEFAULT_NETWORK,
  formatSubnet,
  type NodeNetwork,
  overlaps,
  parseIpv4,
  subnetOf,
} from '@kcore/contract';
import type { HostFacts } from '../model/host-facts.ts';
import { blockers } from './blockers.ts';
import { conditions } from './conditions.ts';
import type { NodeIdentity } from './desired.ts';
import { externalOf } from './external.ts';
import { firewallConditions } from './foreign-firewall.ts';
import { hostOverlap, linkNamed } from './host.ts';
import type { NetworkDraft, ResolvedNetwork } from './resolved-network.ts';
import { compareText, type SpecIndex } from './spec-index.ts';
import { chooseUplink, type Uplink } from './uplink.ts';

/** Bytes of Ethernet, when neither the network nor its uplink says otherwise. */
const ETHERNET_MTU = 1500;

/** All networks of a node, in the order in which they were given what they share. */
export function resolveNetworks(index: SpecIndex, host: HostFacts, node: NodeIdentity): readonly ResolvedNetwork[] {
  const resolved: ResolvedNetwork[] = [];
  for (const network of index.networks.toSorted(byPrecedence(host))) {
    const accepted = resolved.filter((other) => !other.blocked);
    resolved.push(resolveNetwork(network, { index, host, node, accepted }));
  }
  return resolved;
}

/** Of two networks that cannot both be, the one that is there already stays, then `default`, then the first by name. */
function byPrecedence(host: HostFacts): (a: NodeNetwork, b: NodeNetwork) => number {
  const rank = (network: NodeNetwork): number =>
    isRunning(network, host) ? 0 : network.name === DEFAULT_NETWORK ? 1 : 2;
  return (a, b) => rank(a) - rank(b) || compareText(a.name, b.name);
}

function isRunning(network: NodeNetwork, host: HostFacts): boolean {
  return linkNamed(host, bridgeName(network.name).name)?.owned === true;
}

interface Context {
  readonly index: SpecIndex;
  readonly host: HostFacts;
  readonly node: NodeIdentity;
  readonly accepted: readonly ResolvedNetwork[];
}

function resolveNetwork(network: NodeNetwork, context: Context): ResolvedNetwork {
  const { host, node, index } = context;
  const segment = segmentOf(network);
  const nat = network.type === 'nat' || (network.type === 'vxlan' && network.outboundNat);
  const choice = nat || network.type === 'bridge' ? chooseUplink(network, host, node) : undefined;
  const uplink = choice !== undefined && 'uplink' in choice ? choice.uplink : undefined;
  const draft = {
    spec: network,
    bridge: bridgeName(network.name),
    ...(segment === undefined ? {} : { segment }),
    mtu: mtuOf(network, uplink),
    nat,
    ...(uplink === undefined ? {} : { uplink }),
    ...(network.type === 'vxlan' && node.vtep !== undefined ? { vtep: node.vtep } : {}),
    peers: index.peersOf(network.name).filter((peer) => peer.vtep !== node.vtep && peer.node !== node.name),
    bindings: index.bindingsOf(network.name),
  };
  const external = nat ? externalOf(network, uplink, host) : undefined;
  const { hard, soft } = blockers(draft, context);
  const overlap = overlapCondition(draft, context);
  // A network that runs is not torn down because of what someone else did to the host since: its VMs would be cut off
  // for a route that a VPN added. It keeps running, with the condition; it is refused only where it is new.
  const refused = [...soft, ...(overlap.host ?? [])];
  const blocked = hard.length > 0 || overlap.kcore !== undefined || (refused.length > 0 && !isRunning(network, host));
  const taken = soft.some((condition) => condition.type === 'UplinkProtected' || condition.type === 'UplinkInUse');
  const { uplink: _, ...withoutUplink } = draft;
  return {
    ...(taken ? withoutUplink : draft),
    ...(external === undefined ? {} : { external: external.external }),
    conditions: [
      ...hard,
      ...refused,
      ...(overlap.kcore ?? []),
      ...(choice !== undefined && 'condition' in choice ? [choice.condition] : []),
      ...(external?.conditions ?? []),
      ...firewallConditions(draft, host),
    ],
    blocked,
  };
}

function segmentOf(network: NodeNetwork): ResolvedNetwork['segment'] {
  if (network.type === 'bridge' || network.gatewayIp === undefined || network.prefix === undefined) return undefined;
  return { gateway: network.gatewayIp, subnet: subnetOf(parseIpv4(network.gatewayIp), network.prefix) };
}

/** nat does not follow its uplink's MTU: lowering it under running guests drops their packets silently, while the host can say "fragmentation needed". */
function mtuOf(network: NodeNetwork, uplink: Uplink | undefined): number {
  if (network.mtu !== undefined) return network.mtu;
  return network.type === 'bridge' ? (uplink?.mtu ?? ETHERNET_MTU) : ETHERNET_MTU;
}

function overlapCondition(
  draft: NetworkDraft,
  { host, accepted }: Context,
): { readonly host?: readonly Condition[]; readonly kcore?: readonly Condition[] } {
  const subnet = draft.segment?.subnet;
  if (subnet === undefined) return {};
  const text = formatSubnet(subnet);
  const other = accepted.find((each) => each.segment !== undefined && overlaps(each.segment.subnet, subnet));
  if (other !== undefined) return { kcore: [conditions.subnetConflict(text, `network '${other.spec.name}'`)] };
  const taken = hostOverlap(host, subnet);
  return taken === undefined ? {} : { host: [conditions.subnetConflict(text, taken)] };
}
