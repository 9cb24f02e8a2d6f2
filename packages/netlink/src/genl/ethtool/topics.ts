import type { AttributeSet, Shape } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import {
  ETHTOOL_MSG_CHANNELS_GET,
  ETHTOOL_MSG_CHANNELS_NTF,
  ETHTOOL_MSG_CHANNELS_SET,
  ETHTOOL_MSG_COALESCE_GET,
  ETHTOOL_MSG_COALESCE_NTF,
  ETHTOOL_MSG_COALESCE_SET,
  ETHTOOL_MSG_FEATURES_GET,
  ETHTOOL_MSG_FEATURES_NTF,
  ETHTOOL_MSG_FEATURES_SET,
  ETHTOOL_MSG_LINKINFO_GET,
  ETHTOOL_MSG_LINKINFO_NTF,
  ETHTOOL_MSG_LINKINFO_SET,
  ETHTOOL_MSG_LINKMODES_GET,
  ETHTOOL_MSG_LINKMODES_NTF,
  ETHTOOL_MSG_LINKMODES_SET,
  ETHTOOL_MSG_LINKSTATE_GET,
  ETHTOOL_MSG_PAUSE_GET,
  ETHTOOL_MSG_PAUSE_NTF,
  ETHTOOL_MSG_PAUSE_SET,
  ETHTOOL_MSG_PRIVFLAGS_GET,
  ETHTOOL_MSG_PRIVFLAGS_NTF,
  ETHTOOL_MSG_PRIVFLAGS_SET,
  ETHTOOL_MSG_RINGS_GET,
  ETHTOOL_MSG_RINGS_NTF,
  ETHTOOL_MSG_RINGS_SET,
  ETHTOOL_MSG_STRSET_GET,
  ETHTOOL_MSG_WOL_GET,
  ETHTOOL_MSG_WOL_NTF,
  ETHTOOL_MSG_WOL_SET,
} from '../../uapi/ethtool-netlink.ts';
import { features } from './features.ts';
import { linkInfo, linkModes, linkState, privateFlags, wakeOnLan } from './link-tables.ts';
import { channels, coalesce, pause, rings } from './queue-tables.ts';
import { strings } from './strings.ts';

interface Topic {
  readonly set: AttributeSet<Shape>;
  readonly get: number;
  /** Absent: it cannot be changed. */
  readonly change?: number;
  /** Command of its notification. */
  readonly notified?: number;
}

/** What can be asked of a link. A new topic is one table and one line. Source: include/uapi/linux/ethtool_netlink.h. */
export const topics = {
  strings: { set: strings, get: ETHTOOL_MSG_STRSET_GET },
  linkInfo: {
    set: linkInfo,
    get: ETHTOOL_MSG_LINKINFO_GET,
    change: ETHTOOL_MSG_LINKINFO_SET,
    notified: ETHTOOL_MSG_LINKINFO_NTF,
  },
  linkModes: {
    set: linkModes,
    get: ETHTOOL_MSG_LINKMODES_GET,
    change: ETHTOOL_MSG_LINKMODES_SET,
    notified: ETHTOOL_MSG_LINKMODES_NTF,
  },
  linkState: { set: linkState, get: ETHTOOL_MSG_LINKSTATE_GET },
  wakeOnLan: { set: wakeOnLan, get: ETHTOOL_MSG_WOL_GET, change: ETHTOOL_MSG_WOL_SET, notified: ETHTOOL_MSG_WOL_NTF },
  features: {
    set: features,
    get: ETHTOOL_MSG_FEATURES_GET,
    change: ETHTOOL_MSG_FEATURES_SET,
    notified: ETHTOOL_MSG_FEATURES_NTF,
  },
  privateFlags: {
    set: privateFlags,
    get: ETHTOOL_MSG_PRIVFLAGS_GET,
    change: ETHTOOL_MSG_PRIVFLAGS_SET,
    notified: ETHTOOL_MSG_PRIVFLAGS_NTF,
  },
  rings: { set: rings, get: ETHTOOL_MSG_RINGS_GET, change: ETHTOOL_MSG_RINGS_SET, notified: ETHTOOL_MSG_RINGS_NTF },
  channels: {
    set: channels,
    get: ETHTOOL_MSG_CHANNELS_GET,
    change: ETHTOOL_MSG_CHANNELS_SET,
    notified: ETHTOOL_MSG_CHANNELS_NTF,
  },
  coalesce: {
    set: coalesce,
    get: ETHTOOL_MSG_COALESCE_GET,
    change: ETHTOOL_MSG_COALESCE_SET,
    notified: ETHTOOL_MSG_COALESCE_NTF,
  },
  pause: { set: pause, get: ETHTOOL_MSG_PAUSE_GET, change: ETHTOOL_MSG_PAUSE_SET, notified: ETHTOOL_MSG_PAUSE_NTF },
} as const satisfies Readonly<Record<string, Topic>>;

/** What ethtool is asked about: `features`, `rings`, `linkModes` and so on. */
export type EthtoolTopic = keyof typeof topics;
/** What the kernel tells of a topic. `header` says of which link. */
export type EthtoolValue<T extends EthtoolTopic> = Infer<(typeof topics)[T]['set']>;
