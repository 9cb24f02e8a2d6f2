import { OFFSET_FILE, OFFSET_MAGIC, OFFSET_SNAME, type RawOption } from './packet.ts';
import { optionSize } from './write-options.ts';

export const FILE_SIZE = OFFSET_MAGIC - OFFSET_FILE;
export const SNAME_SIZE = OFFSET_FILE - OFFSET_SNAME;
/** Bytes of option 52. */
const OVERLOAD_SIZE = 3;

/**
 * What a client needs most, by code: the conversation, its lease, where it is, the way out, names. What is not named
 * here counts less, in the order it is sent in.
 */
const IMPORTANCE: readonly number[] = [53, 54, 51, 56, 80, 61, 1, 121, 249, 3, 58, 59, 67, 66, 97, 60, 26, 6];

export interface Placement {
  readonly main: readonly RawOption[];
  readonly file: readonly RawOption[];
  readonly sname: readonly RawOption[];
}

/** How much room there is for options. */
export interface Room {
  /** Bytes of the options field. */
  readonly main: number;
  /** Whether these fields are free for options. */
  readonly file: boolean;
  readonly sname: boolean;
}

interface Area {
  readonly chosen: Set<RawOption>;
  room: number;
}

function rank({ code }: RawOption): number {
  const at = IMPORTANCE.indexOf(code);
  return at < 0 ? IMPORTANCE.length : at;
}

/**
 * Chooses what goes where when the options field cannot hold all: it is filled first, then `file` and `sname` where
 * these hold no text of their own (RFC 2131 §4.1, option 52). By importance, so that the least important is left out;
 * within a field in the order given.
 */
export function place(options: readonly RawOption[], room: Room): Placement {
  const main: Area = { chosen: new Set(), room: room.main - OVERLOAD_SIZE };
  // Each of the two ends with an END of its own.
  const file: Area = { chosen: new Set(), room: room.file ? FILE_SIZE - 1 : 0 };
  const sname: Area = { chosen: new Set(), room: room.sname ? SNAME_SIZE - 1 : 0 };
  for (const option of [...options].sort((a, b) => rank(a) - rank(b))) {
    const size = optionSize(option);
    const area = [main, file, sname].find((candidate) => size <= candidate.room);
    area?.chosen.add(option);
    if (area !== undefined) area.room -= size;
  }
  const of = ({ chosen }: Area): readonly RawOption[] => options.filter((option) => chosen.has(option));
  return { main: of(main), file: of(file), sname: of(sname) };
}
