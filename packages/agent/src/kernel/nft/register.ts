import { NFT_REG_1, NFT_REG_2, NFT_REG32_00 } from '@kcore/netlink';

/*
 * A rule's registers are 64 bytes. Four of 16 bytes (1 to 4) and sixteen of 4 bytes (8 to 23) are names for the same
 * place; the kernel tells the wide name where both fit, and so do we.
 */
const WIDE = 16;
const NARROW = 4;

/** The name of the register at that offset, in multiples of 4 bytes. */
export function registerAt(offset: number): number {
  return offset % WIDE === 0 ? NFT_REG_1 + offset / WIDE : NFT_REG32_00 + offset / NARROW;
}

/** Bytes that a value takes in registers. */
export function registerBytes(length: number): number {
  return (length + NARROW - 1) & ~(NARROW - 1);
}

/** Values and keys begin here. */
export const FIRST = NFT_REG_1;
/** Only for what a field presumes. That tells such a comparison from one that the rule itself states. */
export const PRESUMED = NFT_REG_2;
