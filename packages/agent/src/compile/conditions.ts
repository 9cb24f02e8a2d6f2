import type { Condition } from '@kcore/contract';
import type { ForeignBaseChain } from '../model/host-facts.ts';

/**
 * Everything that compile can find wrong, with the remedy. The names are stable: people and programs look for them.
 */
export const conditions = {
  externalIpNotLocal: (address: string): Condition => ({
    type: 'ExternalIpNotLocal',
    message: `externalIp ${address} is not an address of this node; traffic leaves with the uplink's own address`,
    remedy: `add ${address} to a link of this node, or give this node another one with spec.nodes[].externalIp`,
  }),
  externalIpMissing: (network: string): Condition => ({
    type: 'ExternalIpMissing',
    message: `the forwards of network '${network}' have no external address: neither externalIp nor an address on the uplink`,
    remedy: 'set externalIp',
  }),
  forwardConflict: (forward: string, other: string): Condition => ({
    type: 'ForwardConflict',
    message: `forward ${forward} is already used by network '${other}' on this node`,
    remedy: 'use another port or another externalIp',
  }),
  vlanUnsupported: (vlanId: number): Condition => ({
    type: 'VlanUnsupported',
    message: `the kernel of this node cannot make VLAN ${vlanId}: it has no 802.1Q support`,
    remedy: 'load the module 8021q, or use a kernel with CONFIG_VLAN_8021Q',
  }),
  bridgeUnsupported: (): Condition => ({
    type: 'BridgeUnsupported',
    message: 'the kernel of this node cannot make bridges',
    remedy: 'load the module bridge, or use a kernel with CONFIG_BRIDGE',
  }),
  vxlanUnsupported: (): Condition => ({
    type: 'VxlanUnsupported',
    message: 'the kernel of this node cannot make VXLAN devices',
    remedy: 'load the module vxlan, or use a kernel with CONFIG_VXLAN',
  }),
  natUnsupported: (): Condition => ({
    type: 'NatUnsupported',
    message: 'the kernel of this node has no nftables NAT',
    remedy: 'load the modules nf_tables and nft_chain_nat, or use a kernel with CONFIG_NFT_NAT and CONFIG_NFT_MASQ',
  }),
  nftBridgeUnsupported: (): Condition => ({
    type: 'NftBridgeUnsupported',
    message: 'the kernel of this node has no nftables for bridges; VMs are not kept from taking other identities',
    remedy: 'use a kernel with CONFIG_NF_TABLES_BRIDGE',
  }),
  vxlanDisabled: (node: string): Condition => ({
    type: 'VxlanDisabled',
    message: `VXLAN is disabled on node '${node}'`,
    remedy: 'reinstall the node without --disable-vxlan, or leave it out of the network',
  }),
  vtepMissing: (vtep?: string): Condition => ({
    type: 'VtepMissing',
    message:
      vtep === undefined
        ? 'this node has no tunnel endpoint address'
        : `tunnel endpoint ${vtep} is on no link of this node`,
    remedy: 'set vtep in the configuration of the agent to an address of the underlay',
  }),
  underlayMtuTooSmall: (link: string, underlay: number, mtu: number, overhead: number): Condition => ({
    type: 'UnderlayMtuTooSmall',
    message: `${link} has MTU ${underlay}; the overlay's ${mtu} needs ${mtu + overhead}`,
    remedy: `raise the MTU of ${link} to ${mtu + overhead}, or create the network with a smaller spec.mtu`,
  }),
  uplinkMissing: (uplink?: string): Condition => ({
    type: 'UplinkMissing',
    message:
      uplink === undefined
        ? 'this node has no default route and the network names no uplink'
        : `${uplink} does not exist on this node`,
    remedy: 'set uplink to a NIC of this node',
  }),
  uplinkProtected: (reason: string): Condition => ({
    type: 'UplinkProtected',
    message: `${reason}; as a port of the bridge it would cut the node off`,
    remedy: 'use another NIC with uplink, or a VLAN of it with vlanId',
  }),
  uplinkInUse: (uplink: string, user: string): Condition => ({
    type: 'UplinkInUse',
    message: `${uplink} is already used by ${user}`,
    remedy: 'use another NIC or another vlanId',
  }),
  subnetConflict: (subnet: string, other: string): Condition => ({
    type: 'SubnetConflict',
    message: `subnet ${subnet} overlaps ${other}`,
    remedy: 'use another gatewayIp, or remove the other',
  }),
  bridgeNameTaken: (bridge: string): Condition => ({
    type: 'BridgeNameTaken',
    message: `a link named ${bridge} exists on this node and is not kcore's`,
    remedy: `rename or delete ${bridge}`,
  }),
  linkNameTaken: (link: string): Condition => ({
    type: 'LinkNameTaken',
    message: `a link named ${link} exists on this node and is not kcore's`,
    remedy: `rename or delete ${link}`,
  }),
  foreignFirewallDrops: (chain: ForeignBaseChain, needs: string, fix: string): Condition => ({
    type: 'ForeignFirewallDrops',
    message: `chain ${chain.chain} of table ${chain.family} ${chain.table} has policy drop on ${chain.hook}; the network needs ${needs}`,
    remedy: fix,
  }),
};
