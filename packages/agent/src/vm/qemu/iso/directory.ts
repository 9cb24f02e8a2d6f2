import { both16, both32, SECTOR } from './sector.ts';

/** Where a file or a directory lies. */
export interface Extent {
  /** First sector. */
  readonly sector: number;
  readonly bytes: number;
}

export interface Entry extends Extent {
  /** The identifier as the volume's character set writes it. */
  readonly identifier: Buffer;
}

const DIRECTORY = 0x02;
/** The two records every directory begins with: itself and its parent (ECMA-119 §6.8.2.2). */
const SELF = Buffer.from([0]);
const PARENT = Buffer.from([1]);

/** The root directory with its files, one sector. Files are in the order of their identifiers (ECMA-119 §9.3). */
export function rootDirectory(own: Extent, files: readonly Entry[], made: Date): Buffer {
  const sorted = files.toSorted((a, b) => Buffer.compare(a.identifier, b.identifier));
  const records = [
    directoryRecord({ ...own, identifier: SELF }, DIRECTORY, made),
    directoryRecord({ ...own, identifier: PARENT }, DIRECTORY, made),
    ...sorted.map((file) => directoryRecord(file, 0, made)),
  ];
  const sector = Buffer.alloc(SECTOR);
  Buffer.concat(records).copy(sector);
  return sector;
}

/** The root's own record, as it stands in a volume descriptor. */
export function rootRecord(own: Extent, made: Date): Buffer {
  return directoryRecord({ ...own, identifier: SELF }, DIRECTORY, made);
}

/** ECMA-119 §9.1. A record has an even length. */
function directoryRecord({ sector, bytes, identifier }: Entry, flags: number, made: Date): Buffer {
  const length = 33 + identifier.length + ((identifier.length + 1) % 2);
  const record = Buffer.alloc(length);
  record[0] = length;
  both32(sector).copy(record, 2);
  both32(bytes).copy(record, 10);
  recordedAt(made).copy(record, 18);
  record[25] = flags;
  both16(1).copy(record, 28);
  record[32] = identifier.length;
  identifier.copy(record, 33);
  return record;
}

/** ECMA-119 §9.1.5, in UTC. */
function recordedAt(made: Date): Buffer {
  return Buffer.from([
    made.getUTCFullYear() - 1900,
    made.getUTCMonth() + 1,
    made.getUTCDate(),
    made.getUTCHours(),
    made.getUTCMinutes(),
    made.getUTCSeconds(),
    0,
  ]);
}
