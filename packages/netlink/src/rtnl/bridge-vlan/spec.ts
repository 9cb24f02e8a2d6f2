import { attributes } from '../../codec/attributes.ts';
import { bits } from '../../codec/bits.ts';
import type { Infer } from '../../codec/codec.ts';
import { nested } from '../../codec/nested.ts';
import { repeated } from '../../codec/repeated.ts';
import { u8, u16, u32 } from '../../codec/scalar.ts';
import {
  BRIDGE_FLAGS_MASTER,
  BRIDGE_FLAGS_SELF,
  IFLA_BRIDGE_FLAGS,
  IFLA_BRIDGE_MODE,
  IFLA_BRIDGE_MST,
  IFLA_BRIDGE_MST_ENTRY,
  IFLA_BRIDGE_MST_ENTRY_MSTI,
  IFLA_BRIDGE_MST_ENTRY_STATE,
  IFLA_BRIDGE_VLAN_INFO,
  IFLA_BRIDGE_VLAN_TUNNEL_FLAGS,
  IFLA_BRIDGE_VLAN_TUNNEL_ID,
  IFLA_BRIDGE_VLAN_TUNNEL_INFO,
  IFLA_BRIDGE_VLAN_TUNNEL_VID,
} from '../../uapi/if-bridge.ts';
import { vlanFlags, vlanInfo } from './range.ts';

const tunnelInfo = attributes(() => ({
  id: [IFLA_BRIDGE_VLAN_TUNNEL_ID, u32],
  vlan: [IFLA_BRIDGE_VLAN_TUNNEL_VID, u16],
  flags: [IFLA_BRIDGE_VLAN_TUNNEL_FLAGS, vlanFlags],
}));

const mstEntry = attributes(() => ({
  instance: [IFLA_BRIDGE_MST_ENTRY_MSTI, u16],
  /** BR_STATE_*. */
  state: [IFLA_BRIDGE_MST_ENTRY_STATE, u8],
}));

/** `IFLA_AF_SPEC` of messages of the family AF_BRIDGE. Source: include/uapi/linux/if_bridge.h. */
export const bridgeSpec = attributes(() => ({
  where: [IFLA_BRIDGE_FLAGS, bits(u16, { master: BRIDGE_FLAGS_MASTER, self: BRIDGE_FLAGS_SELF })],
  /** BRIDGE_MODE_*: of network cards that switch between virtual functions. */
  mode: [IFLA_BRIDGE_MODE, u16],
  vlans: [IFLA_BRIDGE_VLAN_INFO, repeated(vlanInfo)],
  tunnels: [IFLA_BRIDGE_VLAN_TUNNEL_INFO, repeated(nested(tunnelInfo))],
  mst: [IFLA_BRIDGE_MST, nested(attributes(() => ({ entries: [IFLA_BRIDGE_MST_ENTRY, repeated(nested(mstEntry))] })))],
}));
export type BridgeSpec = Infer<typeof bridgeSpec>;
export type TunnelInfo = Infer<typeof tunnelInfo>;
