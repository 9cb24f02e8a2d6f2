import { type Extent, rootRecord } from './directory.ts';
import { both16, both32, SECTOR } from './sector.ts';

export type Charset = 'primary' | 'joliet';

const TYPES = { primary: 1, joliet: 2 } as const;
const TERMINATOR = 255;
/** UCS-2 level 3, the escape sequence that makes a supplementary volume a Joliet one. */
const UCS2_LEVEL_3 = Buffer.from('%/E', 'latin1');
const PATH_TABLE_BYTES = 10;

export interface Volume {
  readonly label: string;
  /** Of the whole image. */
  readonly sectors: number;
  readonly root: Extent;
  /** Sectors of the path table, little and big endian. */
  readonly pathTables: { readonly little: number; readonly big: number };
  readonly made: Date;
}

/** A primary volume descriptor (ECMA-119 §8.4), or a supplementary one (§8.5) with Joliet's character set. */
export function volumeDescriptor(charset: Charset, volume: Volume): Buffer {
  const { label, sectors, root, pathTables, made } = volume;
  const sector = header(TYPES[charset]);
  const text = (value: string, offset: number, length: number): void => {
    padded(value, length, charset).copy(sector, offset);
  };
  text('LINUX', 8, 32);
  text(label, 40, 32);
  both32(sectors).copy(sector, 80);
  if (charset === 'joliet') UCS2_LEVEL_3.copy(sector, 88);
  both16(1).copy(sector, 120);
  both16(1).copy(sector, 124);
  both16(SECTOR).copy(sector, 128);
  both32(PATH_TABLE_BYTES).copy(sector, 132);
  sector.writeUInt32LE(pathTables.little, 140);
  sector.writeUInt32BE(pathTables.big, 148);
  rootRecord(root, made).copy(sector, 156);
  for (const [offset, length] of [
    [190, 128],
    [318, 128],
    [446, 128],
    [574, 128],
    [702, 37],
    [739, 37],
    [776, 37],
  ] as const)
    text('', offset, length);
  for (const offset of [813, 830]) timestamp(made).copy(sector, offset);
  for (const offset of [847, 864]) noTimestamp().copy(sector, offset);
  sector[881] = 1;
  return sector;
}

/** ECMA-119 §8.3. */
export function terminator(): Buffer {
  return header(TERMINATOR);
}

/** The path table of a volume with a root and nothing below it: ECMA-119 §9.4. */
export function pathTable(root: Extent, order: 'little' | 'big'): Buffer {
  const sector = Buffer.alloc(SECTOR);
  sector[0] = 1;
  if (order === 'little') {
    sector.writeUInt32LE(root.sector, 2);
    sector.writeUInt16LE(1, 6);
  } else {
    sector.writeUInt32BE(root.sector, 2);
    sector.writeUInt16BE(1, 6);
  }
  return sector;
}

/** A file's or volume's name in the character set: big-endian UCS-2 in Joliet. */
export function nameBytes(text: string, charset: Charset): Buffer {
  return charset === 'primary' ? Buffer.from(text, 'latin1') : Buffer.from(text, 'utf16le').swap16();
}

function header(type: number): Buffer {
  const sector = Buffer.alloc(SECTOR);
  sector[0] = type;
  sector.write('CD001', 1, 'latin1');
  sector[6] = 1;
  return sector;
}

/** Filled up with blanks of the character set; the last byte of an odd Joliet field stays 0. */
function padded(value: string, length: number, charset: Charset): Buffer {
  const width = charset === 'primary' ? 1 : 2;
  const field = Buffer.alloc(length);
  nameBytes(value.padEnd(Math.floor(length / width)), charset).copy(field);
  return field;
}

/** Seventeen bytes: digits of the time in UTC, then the offset from it (ECMA-119 §8.4.26.1). */
function timestamp(made: Date): Buffer {
  const digits = made
    .toISOString()
    .replaceAll(/[^0-9]/g, '')
    .slice(0, 16);
  return Buffer.concat([Buffer.from(digits, 'latin1'), Buffer.from([0])]);
}

function noTimestamp(): Buffer {
  return Buffer.concat([Buffer.alloc(16, '0', 'latin1'), Buffer.from([0])]);
}
