const UNITS = ['', 'K', 'M', 'G', 'T'] as const;

/** Bytes for people, to three digits: what a machine has is never a round number. */
export function roundBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${Number((bytes / 1024 ** power).toPrecision(3))}${UNITS[power]}`;
}
