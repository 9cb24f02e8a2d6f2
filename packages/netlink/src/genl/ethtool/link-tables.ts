import { attributes } from '../../codec/attributes.ts';
import { bool8, bytes, u8, u32 } from '../../codec/scalar.ts';
import {
  ETHTOOL_A_LINKINFO_PHYADDR,
  ETHTOOL_A_LINKINFO_PORT,
  ETHTOOL_A_LINKINFO_TP_MDIX,
  ETHTOOL_A_LINKINFO_TP_MDIX_CTRL,
  ETHTOOL_A_LINKINFO_TRANSCEIVER,
  ETHTOOL_A_LINKMODES_AUTONEG,
  ETHTOOL_A_LINKMODES_DUPLEX,
  ETHTOOL_A_LINKMODES_LANES,
  ETHTOOL_A_LINKMODES_MASTER_SLAVE_CFG,
  ETHTOOL_A_LINKMODES_MASTER_SLAVE_STATE,
  ETHTOOL_A_LINKMODES_OURS,
  ETHTOOL_A_LINKMODES_PEER,
  ETHTOOL_A_LINKMODES_RATE_MATCHING,
  ETHTOOL_A_LINKMODES_SPEED,
  ETHTOOL_A_LINKSTATE_EXT_STATE,
  ETHTOOL_A_LINKSTATE_EXT_SUBSTATE,
  ETHTOOL_A_LINKSTATE_LINK,
  ETHTOOL_A_LINKSTATE_SQI,
  ETHTOOL_A_LINKSTATE_SQI_MAX,
  ETHTOOL_A_PRIVFLAGS_FLAGS,
  ETHTOOL_A_WOL_MODES,
  ETHTOOL_A_WOL_SOPASS,
} from '../../uapi/ethtool-netlink.ts';
import { bitset } from './bitset.ts';
import { about } from './header.ts';

export const linkInfo = attributes(() => ({
  ...about,
  /** PORT_*: 0 twisted pair, 3 fibre, 0xef none, 0xff other. */
  port: [ETHTOOL_A_LINKINFO_PORT, u8],
  phyAddress: [ETHTOOL_A_LINKINFO_PHYADDR, u8],
  crossover: [ETHTOOL_A_LINKINFO_TP_MDIX, u8],
  crossoverControl: [ETHTOOL_A_LINKINFO_TP_MDIX_CTRL, u8],
  transceiver: [ETHTOOL_A_LINKINFO_TRANSCEIVER, u8],
}));

export const linkModes = attributes(() => ({
  ...about,
  autonegotiation: [ETHTOOL_A_LINKMODES_AUTONEG, bool8],
  /** Value: advertised; mask: supported. */
  ours: [ETHTOOL_A_LINKMODES_OURS, bitset],
  peer: [ETHTOOL_A_LINKMODES_PEER, bitset],
  /** Mbit/s; 0xffffffff: unknown. */
  speed: [ETHTOOL_A_LINKMODES_SPEED, u32],
  /** 0 half, 1 full, 0xff unknown. */
  duplex: [ETHTOOL_A_LINKMODES_DUPLEX, u8],
  masterSlave: [ETHTOOL_A_LINKMODES_MASTER_SLAVE_CFG, u8],
  masterSlaveState: [ETHTOOL_A_LINKMODES_MASTER_SLAVE_STATE, u8],
  lanes: [ETHTOOL_A_LINKMODES_LANES, u32],
  rateMatching: [ETHTOOL_A_LINKMODES_RATE_MATCHING, u8],
}));

export const linkState = attributes(() => ({
  ...about,
  /** Whether there is a carrier. */
  link: [ETHTOOL_A_LINKSTATE_LINK, bool8],
  /** Signal quality, and its best. */
  signalQuality: [ETHTOOL_A_LINKSTATE_SQI, u32],
  signalQualityMax: [ETHTOOL_A_LINKSTATE_SQI_MAX, u32],
  /** Why there is none: ETHTOOL_LINK_EXT_STATE_*. */
  reason: [ETHTOOL_A_LINKSTATE_EXT_STATE, u8],
  reasonDetail: [ETHTOOL_A_LINKSTATE_EXT_SUBSTATE, u8],
}));

export const wakeOnLan = attributes(() => ({
  ...about,
  modes: [ETHTOOL_A_WOL_MODES, bitset],
  password: [ETHTOOL_A_WOL_SOPASS, bytes],
}));

export const privateFlags = attributes(() => ({ ...about, flags: [ETHTOOL_A_PRIVFLAGS_FLAGS, bitset] }));
