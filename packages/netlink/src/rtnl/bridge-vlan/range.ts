import { bits } from '../../codec/bits.ts';
import type { Infer } from '../../codec/codec.ts';
import { ValueError } from '../../codec/error.ts';
import { u16 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import {
  BRIDGE_VLAN_INFO_BRENTRY,
  BRIDGE_VLAN_INFO_MASTER,
  BRIDGE_VLAN_INFO_ONLY_OPTS,
  BRIDGE_VLAN_INFO_PVID,
  BRIDGE_VLAN_INFO_RANGE_BEGIN,
  BRIDGE_VLAN_INFO_RANGE_END,
  BRIDGE_VLAN_INFO_UNTAGGED,
} from '../../uapi/if-bridge.ts';

export const vlanFlags = bits(u16, {
  /** Also on the bridge itself; in requests that ask for it. */
  master: BRIDGE_VLAN_INFO_MASTER,
  /** Untagged frames that come in are of this VLAN. */
  pvid: BRIDGE_VLAN_INFO_PVID,
  /** Frames of this VLAN leave without a tag. */
  untagged: BRIDGE_VLAN_INFO_UNTAGGED,
  rangeBegin: BRIDGE_VLAN_INFO_RANGE_BEGIN,
  rangeEnd: BRIDGE_VLAN_INFO_RANGE_END,
  bridgeEntry: BRIDGE_VLAN_INFO_BRENTRY,
  onlyOptions: BRIDGE_VLAN_INFO_ONLY_OPTS,
});
type VlanFlags = Infer<typeof vlanFlags>;

/** `struct bridge_vlan_info`. Source: include/uapi/linux/if_bridge.h. */
export const vlanInfo = struct({ flags: vlanFlags, id: u16 });

/** VLANs from `first` to `last`, or one. */
export interface VlanRange {
  /** 1 to 4094. */
  readonly first: number;
  readonly last?: number;
  /** Untagged frames that come in are of this VLAN; of one VLAN only. */
  readonly pvid?: boolean;
  /** Frames of these VLANs leave without a tag. */
  readonly untagged?: boolean;
}

/** @throws {ValueError} No VLAN id, a range that runs backwards, a range of PVIDs. */
export function checkRange({ first, last = first, pvid }: VlanRange): void {
  const fits = (id: number): boolean => Number.isInteger(id) && id >= 1 && id <= 4094;
  if (!fits(first) || !fits(last) || last < first) {
    throw new ValueError(`${first} to ${last} are no VLANs (1 to 4094)`, fits(first) ? 'last' : 'first');
  }
  if (pvid === true && last !== first) throw new ValueError(`a port has one PVID, not ${first} to ${last}`, 'pvid');
}

/** What a range is on the wire: a pair of marked entries, or one entry. */
export function wireRange(range: VlanRange): readonly Infer<typeof vlanInfo>[] {
  checkRange(range);
  const { first, last = first, pvid = false, untagged = false } = range;
  const flags: VlanFlags = { ...(pvid ? { pvid } : {}), ...(untagged ? { untagged } : {}) };
  if (first === last) return [{ id: first, flags }];
  return [
    { id: first, flags: { ...flags, rangeBegin: true } },
    { id: last, flags: { ...flags, rangeEnd: true } },
  ];
}

/** Pairs of marked entries as ranges again. A range whose end is missing counts as one VLAN. */
export function rangesOf<T extends { readonly id: number; readonly flags: VlanFlags }, R>(
  entries: readonly T[],
  make: (first: T, last: T) => R,
): readonly R[] {
  const ranges: R[] = [];
  let begin: T | undefined;
  for (const entry of entries) {
    if (begin !== undefined && entry.flags.rangeEnd !== true) ranges.push(make(begin, begin));
    if (entry.flags.rangeBegin === true) {
      begin = entry;
      continue;
    }
    ranges.push(make(entry.flags.rangeEnd === true ? (begin ?? entry) : entry, entry));
    begin = undefined;
  }
  if (begin !== undefined) ranges.push(make(begin, begin));
  return ranges;
}

export function rangeOf(first: Infer<typeof vlanInfo>, last: Infer<typeof vlanInfo>): VlanRange {
  const { pvid, untagged } = first.flags;
  return {
    first: first.id,
    ...(last.id === first.id ? {} : { last: last.id }),
    ...(pvid === undefined ? {} : { pvid }),
    ...(untagged === undefined ? {} : { untagged }),
  };
}
