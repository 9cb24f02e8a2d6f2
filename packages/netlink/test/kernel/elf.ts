import { readFileSync } from 'node:fs';

/** What a shared object needs of the machine that loads it. Source: elf.h, "gABI", chapters 4 and 5. */
export interface SharedObject {
  /** EM_*. */
  readonly machine: number;
  /** Libraries by their DT_NEEDED names. */
  readonly needed: readonly string[];
  /** Versions of symbols by library: `GLIBC_2.17`. */
  readonly versions: readonly string[];
}

export const EM_X86_64 = 62;
export const EM_AARCH64 = 183;

const SHT_DYNAMIC = 6;
const SHT_GNU_VERNEED = 0x6fff_fffe;
const DT_NEEDED = 1n;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  /** Index of the section with its strings. */
  readonly link: number;
  /** Of SHT_GNU_VERNEED: how many libraries. */
  readonly info: number;
}

/** Reads a 64-bit little-endian ELF file. @throws {RangeError} It is something else. */
export function readSharedObject(path: string): SharedObject {
  const file = readFileSync(path);
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) {
    throw new RangeError(`${path} is not a 64-bit little-endian ELF file`);
  }
  const sections = sectionsOf(file);
  return { machine: file.readUInt16LE(18), needed: neededOf(file, sections), versions: versionsOf(file, sections) };
}

function sectionsOf(file: Buffer): readonly Section[] {
  const start = Number(file.readBigUInt64LE(0x28));
  const [size, count] = [file.readUInt16LE(0x3a), file.readUInt16LE(0x3c)];
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size;
    return {
      type: file.readUInt32LE(at + 4),
      offset: Number(file.readBigUInt64LE(at + 0x18)),
      size: Number(file.readBigUInt64LE(at + 0x20)),
      link: file.readUInt32LE(at + 0x28),
      info: file.readUInt32LE(at + 0x2c),
    };
  });
}

function textAt(file: Buffer, strings: Section | undefined, offset: number): string {
  const start = (strings?.offset ?? 0) + offset;
  return file.toString('latin1', start, file.indexOf(0, start));
}

function neededOf(file: Buffer, sections: readonly Section[]): readonly string[] {
  const dynamic = sections.find(({ type }) => type === SHT_DYNAMIC);
  if (dynamic === undefined) return [];
  const names: string[] = [];
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    if (file.readBigInt64LE(at) !== DT_NEEDED) continue;
    names.push(textAt(file, sections[dynamic.link], Number(file.readBigUInt64LE(at + 8))));
  }
  return names;
}

function versionsOf(file: Buffer, sections: readonly Section[]): readonly string[] {
  const needs = sections.find(({ type }) => type === SHT_GNU_VERNEED);
  if (needs === undefined) return [];
  const names: string[] = [];
  let library = needs.offset;
  for (let left = needs.info; left > 0; left -= 1) {
    let version = library + file.readUInt32LE(library + 8);
    for (let more = file.readUInt16LE(library + 2); more > 0; more -= 1) {
      names.push(textAt(file, sections[needs.link], file.readUInt32LE(version + 8)));
      version += file.readUInt32LE(version + 12);
    }
    library += file.readUInt32LE(library + 12);
  }
  return names;
}
