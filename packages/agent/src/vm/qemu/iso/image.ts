import { type Charset, nameBytes, pathTable, terminator, type Volume, volumeDescriptor } from './descriptor.ts';
import { type Entry, type Extent, rootDirectory } from './directory.ts';
import { SECTOR, sectorsOf } from './sector.ts';

/** Empty sectors before the first descriptor: ECMA-119 §6.2.1. */
const SYSTEM_AREA = 16;
const PRIMARY = { descriptor: 16, little: 19, big: 20, root: 23 };
const JOLIET = { descriptor: 17, little: 21, big: 22, root: 24 };
const FIRST_FILE = 25;

/** One directory's sector holds the records of at most this many files with names of up to 30 letters. */
const MAX_FILES = 16;
const NAME = /^[a-z0-9-]{1,30}$/;

/**
 * A CD-ROM image with a few files in its root: ISO 9660 (ECMA-119) with Joliet names.
 *
 * It is written here because cloud-init's NoCloud source needs no more than this, and so no program has to be run for it.
 * Every Linux has read Joliet for decades; one that does not sees the primary names, which it shows in lower case.
 *
 * @param label the volume's name, at most 16 letters; cloud-init looks for `cidata`.
 * @throws {RangeError} for a name that not every reader would show as it is.
 */
export function isoImage(label: string, files: ReadonlyMap<string, Buffer>, made: Date): Buffer {
  if (!NAME.test(label) || label.length > 16)
    throw new RangeError(`volume label '${label}': at most 16 of a-z, 0-9, -`);
  if (files.size > MAX_FILES) throw new RangeError(`${files.size} files: an image has at most ${MAX_FILES}`);
  const placed = place(files);
  const sectors = placed.reduce((last, { sector, bytes }) => Math.max(last, sector + sectorsOf(bytes)), FIRST_FILE);
  const image = Buffer.alloc(sectors * SECTOR);
  const put = (sector: number, bytes: Buffer): void => void bytes.copy(image, sector * SECTOR);
  for (const [charset, at] of [
    ['primary', PRIMARY],
    ['joliet', JOLIET],
  ] as const) {
    const root: Extent = { sector: at.root, bytes: SECTOR };
    const volume: Volume = { label, sectors, root, pathTables: { little: at.little, big: at.big }, made };
    put(at.descriptor, volumeDescriptor(charset, volume));
    put(at.little, pathTable(root, 'little'));
    put(at.big, pathTable(root, 'big'));
    put(
      at.root,
      rootDirectory(
        root,
        placed.map((file) => entry(file, charset)),
        made,
      ),
    );
  }
  put(SYSTEM_AREA + 2, terminator());
  for (const { sector, content } of placed) put(sector, content);
  return image;
}

interface Placed extends Extent {
  readonly name: string;
  readonly content: Buffer;
}

function place(files: ReadonlyMap<string, Buffer>): readonly Placed[] {
  const placed: Placed[] = [];
  let sector = FIRST_FILE;
  for (const [name, content] of files) {
    if (!NAME.test(name)) throw new RangeError(`file '${name}': at most 30 of a-z, 0-9, -`);
    placed.push({ name, content, sector, bytes: content.length });
    sector += sectorsOf(content.length);
  }
  return placed;
}

/** The primary volume knows capital letters and a version number only. */
function entry({ name, sector, bytes }: Placed, charset: Charset): Entry {
  const shown = charset === 'primary' ? `${name.toUpperCase()};1` : name;
  return { sector, bytes, identifier: nameBytes(shown, charset) };
}
