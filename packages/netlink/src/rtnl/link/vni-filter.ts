import { ipv4, ipv6 } from '../../codec/address.ts';
import { attributes } from '../../codec/attributes.ts';
import { body } from '../../codec/body.ts';
import type { Infer } from '../../codec/codec.ts';
import { ValueError } from '../../codec/error.ts';
import { nested } from '../../codec/nested.ts';
import { repeated } from '../../codec/repeated.ts';
import { u8, u32, u64 } from '../../codec/scalar.ts';
import { pad, struct } from '../../codec/struct.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../../message/request.ts';
import {
  TUNNEL_MSG_FLAG_STATS,
  VNIFILTER_ENTRY_STATS_RX_BYTES,
  VNIFILTER_ENTRY_STATS_RX_DROPS,
  VNIFILTER_ENTRY_STATS_RX_ERRORS,
  VNIFILTER_ENTRY_STATS_RX_PKTS,
  VNIFILTER_ENTRY_STATS_TX_BYTES,
  VNIFILTER_ENTRY_STATS_TX_DROPS,
  VNIFILTER_ENTRY_STATS_TX_ERRORS,
  VNIFILTER_ENTRY_STATS_TX_PKTS,
  VXLAN_VNIFILTER_ENTRY,
  VXLAN_VNIFILTER_ENTRY_END,
  VXLAN_VNIFILTER_ENTRY_GROUP,
  VXLAN_VNIFILTER_ENTRY_GROUP6,
  VXLAN_VNIFILTER_ENTRY_START,
  VXLAN_VNIFILTER_ENTRY_STATS,
} from '../../uapi/if-link-kinds.ts';
import { RTM_DELTUNNEL, RTM_GETTUNNEL, RTM_NEWTUNNEL } from '../../uapi/rtnetlink.ts';
import { AF_BRIDGE } from '../../uapi/socket.ts';
import { vni } from '../up-to.ts';

/** `struct tunnel_msg`. Source: include/uapi/linux/if_link.h. */
const tunnelmsg = struct({ family: u8, flags: u8, padding: pad(2), index: u32 });

const statistics = attributes(() => ({
  rxBytes: [VNIFILTER_ENTRY_STATS_RX_BYTES, u64],
  rxPackets: [VNIFILTER_ENTRY_STATS_RX_PKTS, u64],
  rxDropped: [VNIFILTER_ENTRY_STATS_RX_DROPS, u64],
  rxErrors: [VNIFILTER_ENTRY_STATS_RX_ERRORS, u64],
  txBytes: [VNIFILTER_ENTRY_STATS_TX_BYTES, u64],
  txPackets: [VNIFILTER_ENTRY_STATS_TX_PKTS, u64],
  txDropped: [VNIFILTER_ENTRY_STATS_TX_DROPS, u64],
  txErrors: [VNIFILTER_ENTRY_STATS_TX_ERRORS, u64],
}));

const entry = attributes(() => ({
  /** First VNI, 24 bits. */
  first: [VXLAN_VNIFILTER_ENTRY_START, vni],
  /** Last one, where there are several in a row. */
  last: [VXLAN_VNIFILTER_ENTRY_END, vni],
  /** Multicast group or remote VTEP of these VNIs, in place of the device's. */
  group: [VXLAN_VNIFILTER_ENTRY_GROUP, ipv4],
  group6: [VXLAN_VNIFILTER_ENTRY_GROUP6, ipv6],
  /** Only told. */
  statistics: [VXLAN_VNIFILTER_ENTRY_STATS, nested(statistics)],
}));
/** VNIs that a vxlan device with `vniFilter` takes in. */
export type VniRange = Infer<typeof entry>;

const tunnelBody = body(
  tunnelmsg,
  attributes(() => ({ entries: [VXLAN_VNIFILTER_ENTRY, repeated(nested(entry))] })),
);

/** The VNIs of one device, as one message tells them; a device with many takes several. */
export interface VniFilter {
  readonly index: number;
  readonly entries: readonly VniRange[];
}

interface VniChange {
  /** The vxlan device. */
  readonly index: number;
  readonly vnis: readonly Omit<VniRange, 'statistics' | 'unknown'>[];
}

/** @throws {ValueError} The kernel takes a range that runs backwards, and does nothing. */
function checkRanges(vnis: VniChange['vnis']): void {
  if (vnis.length === 0) throw new ValueError('none is given', 'vnis');
  for (const [at, { first, last }] of vnis.entries()) {
    if (first !== undefined && last !== undefined && last < first) {
      throw new ValueError(`${last} is before the first, ${first}`, `vnis.${at}.last`);
    }
  }
}

function changeOf(verb: string, type: number, { index, vnis }: VniChange): Request<void> {
  checkRanges(vnis);
  return requestOf({
    operation: `${verb} VNIs of link #${index}`,
    type,
    codec: tunnelBody,
    value: { header: tunnelmsg.fill({ family: AF_BRIDGE, index }), attributes: { entries: vnis } },
  });
}

/** Lets VNIs in; those that are there stay, with the new group. EOPNOTSUPP: the device was made without `vniFilter`. */
function add(change: VniChange): Request<void> {
  return changeOf('add', RTM_NEWTUNNEL, change);
}

/** Takes VNIs out again. ENOENT: one of them is not there. */
function deleteVnis(change: VniChange): Request<void> {
  return changeOf('delete', RTM_DELTUNNEL, change);
}

/** The VNIs of all devices with `vniFilter`, or of one. With `statistics` each VNI is told by itself. */
function list(filter: { readonly index?: number; readonly statistics?: boolean } = {}): DumpRequest<VniFilter> {
  const flags = filter.statistics === true ? TUNNEL_MSG_FLAG_STATS : 0;
  return dumpOf({
    operation: 'list VNIs',
    type: RTM_GETTUNNEL,
    codec: tunnelBody,
    value: { header: tunnelmsg.fill({ family: AF_BRIDGE, flags, index: filter.index ?? 0 }), attributes: {} },
    itemCodec: tunnelBody,
    item({ header: { index }, attributes: { entries = [] } }) {
      return filter.index === undefined || filter.index === index ? { index, entries } : undefined;
    },
  });
}

/** Requests about the VNIs of a vxlan device that filters them; Linux 5.18 or newer. */
export const vnis = { add, delete: deleteVnis, list } as const;
