import { ValueError } from '../../codec/error.ts';
import { TC_H_CLSACT, TC_H_MIN_EGRESS, TC_H_MIN_INGRESS, TC_H_ROOT } from '../../uapi/pkt-sched.ts';

/**
 * `major:minor` as one number: 16 bits each. tc(8) writes both in hexadecimal. A qdisc has minor 0; a class has the
 * major number of its qdisc.
 */
export function tcHandle(major: number, minor = 0): number {
  const fits = (part: number): boolean => Number.isInteger(part) && part >= 0 && part <= 0xffff;
  if (!fits(major) || !fits(minor)) throw new ValueError(`${major}:${minor} is no handle: both parts have 16 bits`);
  return ((major << 16) | minor) >>> 0;
}

/** Where a qdisc or a filter hangs, besides below a handle. */
export const tcParents = {
  root: TC_H_ROOT,
  /** Of the qdiscs `ingress` and `clsact` themselves. */
  clsact: TC_H_CLSACT,
  /** Of filters for what comes in, below `ingress` or `clsact`. */
  ingress: ((TC_H_CLSACT & 0xffff_0000) | TC_H_MIN_INGRESS) >>> 0,
  /** Of filters for what goes out, below `clsact`. */
  egress: ((TC_H_CLSACT & 0xffff_0000) | TC_H_MIN_EGRESS) >>> 0,
} as const;

/** A parent by its name, or the handle of a qdisc or class. */
export type TcParent = keyof typeof tcParents | number;

/** @throws {ValueError} Neither a name nor a handle. */
export function parentNumber(parent: TcParent): number {
  if (typeof parent === 'number') return parent;
  if (Object.hasOwn(tcParents, parent)) return tcParents[parent];
  throw new ValueError(`${String(parent)} is no handle, and none of ${Object.keys(tcParents).join(', ')}`, 'parent');
}

/** As tc(8) writes it: `1:10`, `ffff:`. */
export function formatHandle(handle: number): string {
  const minor = handle & 0xffff;
  return `${(handle >>> 16).toString(16)}:${minor === 0 ? '' : minor.toString(16)}`;
}
