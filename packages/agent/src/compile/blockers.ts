import { type Condition, formatSubnet, parseIpv4, subnetOf, vxlanName } from '@kcore/contract';
import type { HostFacts } from '../model/host-facts.ts';
import { conditions } from './conditions.ts';
import type { NodeIdentity } from './desired.ts';
import { externalOf } from './external.ts';
import { hostOverlap, isForeign, linkNamed, protectionOf } from './host.ts';
import type { NetworkDraft, ResolvedNetwork } from './resolved-network.ts';
import { VXLAN_OVERHEAD } from './vxlan-overhead.ts';

interface Context {
  readonly host: HostFacts;
  readonly node: NodeIdentity;
  readonly accepted: readonly ResolvedNetwork[];
}

/** Why a network cannot be on this node. `hard`: it can never be. `soft`: it is not begun, but one that runs is not torn down for it. */
export interface Blockers {
  readonly hard: readonly Condition[];
  readonly soft: readonly Condition[];
}

export function blockers(draft: NetworkDraft, context: Context): Blockers {
  const found: Blockers[] = [commonBlockers(draft, context)];
  if (draft.spec.type === 'vxlan') found.push(vxlanBlockers(draft, context));
  if (draft.spec.type === 'bridge') found.push(bridgeBlockers(draft, context));
  if (draft.spec.type === 'nat') found.push(natBlockers(draft, context));
  return { hard: found.flatMap(({ hard }) => hard), soft: found.flatMap(({ soft }) => soft) };
}

function commonBlockers(draft: NetworkDraft, { host }: Context): Blockers {
  const hard: Condition[] = [];
  if (!host.features.bridge) hard.push(conditions.bridgeUnsupported());
  if (isForeign(host, draft.bridge.name)) hard.push(conditions.bridgeNameTaken(draft.bridge.name));
  if (draft.spec.vlanId !== undefined && !host.features.vlan) hard.push(conditions.vlanUnsupported(draft.spec.vlanId));
  if (draft.nat && !host.features.nftNat) hard.push(conditions.natUnsupported());
  return { hard, soft: [] };
}

function vxlanBlockers(draft: NetworkDraft, { host, node }: Context): Blockers {
  const hard: Condition[] = [];
  const soft: Condition[] = [];
  if (node.vxlanDisabled) hard.push(conditions.vxlanDisabled(node.name));
  if (!host.features.vxlan) hard.push(conditions.vxlanUnsupported());
  if (draft.spec.vni !== undefined && isForeign(host, vxlanName(draft.spec.vni))) {
    hard.push(conditions.linkNameTaken(vxlanName(draft.spec.vni)));
  }
  if (node.vtep === undefined) return { hard: [...hard, conditions.vtepMissing()], soft };
  const carrier = host.addresses.find((entry) => entry.address === node.vtep)?.link;
  const underlay = carrier === undefined ? undefined : linkNamed(host, carrier);
  if (underlay === undefined) soft.push(conditions.vtepMissing(node.vtep));
  else if (underlay.mtu < draft.mtu + VXLAN_OVERHEAD) {
    soft.push(conditions.underlayMtuTooSmall(underlay.name, underlay.mtu, draft.mtu, VXLAN_OVERHEAD));
  }
  return { hard, soft };
}

/** A network that runs and lost its NIC to the host goes on without it: `resolveNetworks` leaves the NIC alone. */
function bridgeBlockers(draft: NetworkDraft, { host, node, accepted }: Context): Blockers {
  const { uplink, bridge } = draft;
  if (uplink === undefined) return { hard: [], soft: [] };
  // One link is a port of one bridge, and an address on a port is dead: a nat network cannot share it either.
  const user = accepted.find((other) => other.uplink?.name === uplink.name && other.spec.type !== 'vxlan');
  if (user !== undefined && (user.spec.type === 'bridge' || uplink.vlan !== undefined)) {
    return { hard: [conditions.uplinkInUse(uplink.name, `network '${user.spec.name}'`)], soft: [] };
  }
  if (uplink.vlan !== undefined) return { hard: [], soft: [] };
  const { master } = uplink.nic;
  if (master === bridge.name) return { hard: [], soft: [] };
  if (master !== undefined) return { hard: [], soft: [conditions.uplinkInUse(uplink.name, `bridge ${master}`)] };
  const reason = protectionOf(host, node, uplink.name);
  return { hard: [], soft: reason === undefined ? [] : [conditions.uplinkProtected(reason)] };
}

/** An external prefix on a VLAN sub-interface is a subnet put on the host, so it may not hijack the host either. */
function natBlockers(draft: NetworkDraft, { host, accepted }: Context): Blockers {
  const { uplink } = draft;
  if (uplink?.vlan === undefined) return { hard: [], soft: [] };
  const user = accepted.find((other) => other.uplink?.name === uplink.name && other.spec.type === 'bridge');
  if (user !== undefined) {
    return { hard: [conditions.uplinkInUse(uplink.name, `network '${user.spec.name}'`)], soft: [] };
  }
  const external = externalOf(draft.spec, uplink, host).external;
  if (external?.onUplink === undefined) return { hard: [], soft: [] };
  const subnet = subnetOf(parseIpv4(external.address), external.onUplink.prefix);
  const taken = hostOverlap(host, subnet);
  return { hard: [], soft: taken === undefined ? [] : [conditions.subnetConflict(formatSubnet(subnet), taken)] };
}
