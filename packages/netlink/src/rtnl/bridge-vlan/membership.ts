import { attributes } from '../../codec/attributes.ts';
import { body } from '../../codec/body.ts';
import { ValueError } from '../../codec/error.ts';
import { nested } from '../../codec/nested.ts';
import { u32 } from '../../codec/scalar.ts';
import { cstring } from '../../codec/text.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../../message/request.ts';
import { IFLA_AF_SPEC, IFLA_EXT_MASK, IFLA_IFNAME, IFLA_MASTER } from '../../uapi/if-link.ts';
import { RTEXT_FILTER_BRVLAN_COMPRESSED, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK } from '../../uapi/rtnetlink.ts';
import { AF_BRIDGE } from '../../uapi/socket.ts';
import { ifinfomsg } from '../link/header.ts';
import { MAX_VNI } from '../up-to.ts';
import { checkRange, rangeOf, rangesOf, type VlanRange, wireRange } from './range.ts';
import { type BridgeSpec, bridgeSpec, type TunnelInfo } from './spec.ts';

/** RTM_*LINK of the family AF_BRIDGE, without what a link has besides. */
const membershipBody = body(
  ifinfomsg,
  attributes(() => ({
    name: [IFLA_IFNAME, cstring],
    master: [IFLA_MASTER, u32],
    extMask: [IFLA_EXT_MASK, u32],
    bridge: [IFLA_AF_SPEC, nested(bridgeSpec)],
  })),
);

/** VLANs of a port that are carried by tunnels: VLAN `first` by `tunnelId`, the next one by the next id. */
export interface TunnelRange {
  /** VLANs, 1 to 4094. */
  readonly first: number;
  readonly last?: number;
  /** VNI of `first`. */
  readonly tunnelId: number;
}

/** The VLANs of a bridge's port, or of the bridge itself. */
export interface VlanMembership {
  readonly index: number;
  readonly name: string;
  /** Index of the bridge; absent for the bridge itself. */
  readonly master?: number;
  readonly vlans: readonly VlanRange[];
  /** Of a port with `vlanTunnel`. */
  readonly tunnels: readonly TunnelRange[];
}

/** Which VLANs of which link are added or deleted. */
export interface VlanChange {
  /** Of a port; with `where: 'self'` of the bridge itself. */
  readonly index: number;
  /** `master`, the default: the bridge that the link is a port of. `self`: the link is the bridge. */
  readonly where?: 'self' | 'master';
  readonly vlans?: readonly VlanRange[];
  /** The link must be a port with `vlanTunnel`, of a vxlan device that takes all VNIs (`external`). */
  readonly tunnels?: readonly TunnelRange[];
}

function wireTunnel(range: TunnelRange): readonly TunnelInfo[] {
  checkRange(range);
  const { first, last = first, tunnelId: id } = range;
  const lastId = id + last - first;
  if (!Number.isInteger(id) || id < 0 || lastId > MAX_VNI) {
    throw new ValueError(`${id} to ${lastId} are no VNIs, which have 24 bits`, 'tunnels.tunnelId');
  }
  if (first === last) return [{ id, vlan: first, flags: {} }];
  return [
    { id, vlan: first, flags: { rangeBegin: true } },
    { id: lastId, vlan: last, flags: { rangeEnd: true } },
  ];
}

function tunnelsOf(told: readonly TunnelInfo[]): readonly TunnelRange[] {
  const entries = told.map(({ id = 0, vlan = 0, flags = {} }) => ({ id: vlan, flags, tunnelId: id }));
  return rangesOf(entries, (first, last) => ({
    first: first.id,
    ...(first.id === last.id ? {} : { last: last.id }),
    tunnelId: first.tunnelId,
  }));
}

function change(verb: string, type: number, wanted: VlanChange): Request<void> {
  const { index, where, vlans = [], tunnels = [] } = wanted;
  if (vlans.length === 0 && tunnels.length === 0)
    throw new ValueError(`${verb} VLANs of link #${index}: none are given`, 'vlans');
  const spec: BridgeSpec = {
    ...(where === undefined ? {} : { where: { [where]: true } }),
    ...(vlans.length === 0 ? {} : { vlans: vlans.flatMap(wireRange) }),
    ...(tunnels.length === 0 ? {} : { tunnels: tunnels.flatMap(wireTunnel) }),
  };
  return requestOf({
    operation: `${verb} VLANs of link #${index}`,
    type,
    codec: membershipBody,
    value: { header: ifinfomsg.fill({ family: AF_BRIDGE, index }), attributes: { bridge: spec } },
  });
}

/**
 * Adds VLANs, or changes the flags of those that are there. Ranges are added one VLAN after the other: those before the
 * first failure stay. EOPNOTSUPP when the link is in no bridge.
 */
function add(wanted: VlanChange): Request<void> {
  return change('add', RTM_SETLINK, wanted);
}

/** VLANs that the port does not have are passed over. */
function deleteVlans(wanted: VlanChange): Request<void> {
  return change('delete', RTM_DELLINK, wanted);
}

/** Of all bridges and ports, or of one link, or of a bridge with its ports. The kernel has no filter. */
function list(filter: { readonly index?: number; readonly master?: number } = {}): DumpRequest<VlanMembership> {
  const { index, master } = filter;
  return dumpOf({
    operation: 'list VLANs of bridge ports',
    type: RTM_GETLINK,
    codec: membershipBody,
    value: { header: ifinfomsg.fill({ family: AF_BRIDGE }), attributes: { extMask: RTEXT_FILTER_BRVLAN_COMPRESSED } },
    itemCodec: membershipBody,
    item({ header, attributes: { name = '', master: bridge, bridge: spec } }) {
      const ofMaster = master === undefined || bridge === master || header.index === master;
      if ((index !== undefined && header.index !== index) || !ofMaster) return undefined;
      return {
        index: header.index,
        name,
        // A bridge tells itself as its own master.
        ...(bridge === undefined || bridge === header.index ? {} : { master: bridge }),
        vlans: rangesOf(spec?.vlans ?? [], rangeOf),
        tunnels: tunnelsOf(spec?.tunnels ?? []),
      };
    },
  });
}

/** Requests about which VLANs pass a port. The bridge needs `vlanFiltering`, or they are kept without effect. */
export const bridgeVlans = { add, delete: deleteVlans, list } as const;
