import { SECTOR } from './boot.mjs';

const CODE_SIZE = 440;
const TABLE = 446;
const ENTRY_SIZE = 16;
/** A partition that is found by its number of sectors alone has this cylinder, head and sector. */
const NO_GEOMETRY = [0xfe, 0xff, 0xff];

/**
 * The first sector of a disk with an MBR partition table; the first partition is the one that is booted.
 * Source: the layout is in util-linux's `include/pt-mbr.h`.
 *
 * @param {Buffer} code What the firmware runs.
 * @param {readonly {type: number, firstSector: number, sectors: number}[]} partitions At most four.
 */
export function masterBootRecord(code, partitions) {
  const sector = Buffer.alloc(SECTOR);
  code.copy(sector, 0, 0, CODE_SIZE);
  for (const [index, { type, firstSector, sectors }] of partitions.entries()) {
    const at = TABLE + index * ENTRY_SIZE;
    sector.set([index === 0 ? 0x80 : 0, ...NO_GEOMETRY, type, ...NO_GEOMETRY], at);
    sector.writeUInt32LE(firstSector, at + 8);
    sector.writeUInt32LE(sectors, at + 12);
  }
  sector.set([0x55, 0xaa], SECTOR - 2);
  return sector;
}
