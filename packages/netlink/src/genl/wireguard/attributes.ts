import { ip } from '../../codec/address.ts';
import { attributes } from '../../codec/attributes.ts';
import { bits } from '../../codec/bits.ts';
import type { Infer } from '../../codec/codec.ts';
import { array, nested } from '../../codec/nested.ts';
import { u8, u16, u32, u64 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import { cstring } from '../../codec/text.ts';
import {
  WGALLOWEDIP_A_CIDR_MASK,
  WGALLOWEDIP_A_FAMILY,
  WGALLOWEDIP_A_IPADDR,
  WGDEVICE_A_FLAGS,
  WGDEVICE_A_FWMARK,
  WGDEVICE_A_IFINDEX,
  WGDEVICE_A_IFNAME,
  WGDEVICE_A_LISTEN_PORT,
  WGDEVICE_A_PEERS,
  WGDEVICE_A_PRIVATE_KEY,
  WGDEVICE_A_PUBLIC_KEY,
  WGDEVICE_F_REPLACE_PEERS,
  WGPEER_A_ALLOWEDIPS,
  WGPEER_A_ENDPOINT,
  WGPEER_A_FLAGS,
  WGPEER_A_LAST_HANDSHAKE_TIME,
  WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
  WGPEER_A_PRESHARED_KEY,
  WGPEER_A_PROTOCOL_VERSION,
  WGPEER_A_PUBLIC_KEY,
  WGPEER_A_RX_BYTES,
  WGPEER_A_TX_BYTES,
  WGPEER_F_REMOVE_ME,
  WGPEER_F_REPLACE_ALLOWEDIPS,
  WGPEER_F_UPDATE_ONLY,
} from '../../uapi/wireguard.ts';
import { endpoint } from './endpoint.ts';
import { key } from './key.ts';

/** Destinations that go to a peer, and sources that are taken from it. */
const allowedIp = attributes(() => ({
  /** AF_INET, AF_INET6. */
  family: [WGALLOWEDIP_A_FAMILY, u16],
  address: [WGALLOWEDIP_A_IPADDR, ip],
  prefixLength: [WGALLOWEDIP_A_CIDR_MASK, u8],
}));
/** A prefix that leads to a peer, and that its packets may come from. */
export type WireguardAllowedIp = Infer<typeof allowedIp>;

/** Another host of the tunnel. Source: include/uapi/linux/wireguard.h. */
const peer = attributes(() => ({
  publicKey: [WGPEER_A_PUBLIC_KEY, key],
  /** All zeros: there is none. */
  presharedKey: [WGPEER_A_PRESHARED_KEY, key],
  /** What a request does with it; without a flag it adds to what is there. */
  flags: [
    WGPEER_A_FLAGS,
    bits(u32, {
      remove: WGPEER_F_REMOVE_ME,
      replaceAllowedIps: WGPEER_F_REPLACE_ALLOWEDIPS,
      /** Nothing happens to a peer that is not there. */
      updateOnly: WGPEER_F_UPDATE_ONLY,
    }),
  ],
  endpoint: [WGPEER_A_ENDPOINT, endpoint],
  /** Seconds; 0: off. */
  persistentKeepalive: [WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, u16],
  /** Seconds and nanoseconds since 1970; zeros: never. Only told, as the following. */
  lastHandshake: [WGPEER_A_LAST_HANDSHAKE_TIME, struct({ seconds: u64, nanoseconds: u64 })],
  rxBytes: [WGPEER_A_RX_BYTES, u64],
  txBytes: [WGPEER_A_TX_BYTES, u64],
  allowedIps: [WGPEER_A_ALLOWEDIPS, array(nested(allowedIp))],
  protocolVersion: [WGPEER_A_PROTOCOL_VERSION, u32],
}));
/** A peer of a WireGuard link. Keys are base64 of 32 bytes, times are seconds. */
export type WireguardPeer = Infer<typeof peer>;

export const deviceAttributes = attributes(() => ({
  index: [WGDEVICE_A_IFINDEX, u32],
  name: [WGDEVICE_A_IFNAME, cstring],
  /** Only told with CAP_NET_ADMIN. All zeros in a request takes it away. */
  privateKey: [WGDEVICE_A_PRIVATE_KEY, key],
  /** Follows from the private key; only told. */
  publicKey: [WGDEVICE_A_PUBLIC_KEY, key],
  flags: [WGDEVICE_A_FLAGS, bits(u32, { replacePeers: WGDEVICE_F_REPLACE_PEERS })],
  /** UDP; 0 in a request: the kernel chooses. */
  listenPort: [WGDEVICE_A_LISTEN_PORT, u16],
  /** Mark of the tunnel's packets; 0: none. */
  mark: [WGDEVICE_A_FWMARK, u32],
  peers: [WGDEVICE_A_PEERS, array(nested(peer))],
}));
/** The configuration of a link of kind "wireguard". */
export type WireguardDevice = Infer<typeof deviceAttributes>;
