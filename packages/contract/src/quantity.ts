import { type ErrorDetails, invalidArgument, type KcoreError } from './errors.ts';

const KIBI = 1024;
export const MIB = KIBI * KIBI;
export const GIB = KIBI * MIB;

const units: Readonly<Record<string, number>> = { '': 1, K: KIBI, M: MIB, G: GIB, T: GIB * KIBI };

/** Below this a bare number of memory is MiB (`--memory 4096`), from there on bytes: no guest has 64 KiB, none 64 GiB written in MiB. */
const BARE_MEMORY_LIMIT = 65_536;

/**
 * Bytes of a quantity as people write it: `4G`, `4096M`, `512MiB`, `1.5G`, a bare number. Units are powers of 1024.
 * @throws {KcoreError} InvalidArgument
 */
function parse(value: string | number, field: string): { readonly amount: number; readonly unit: string } {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:([KMGT])(?:i?B?)|B)?\s*$/i.exec(String(value));
  if (match === null) throw notQuantity(value, field);
  return { amount: Number(match[1]), unit: (match[2] ?? '').toUpperCase() };
}

/** Memory in bytes: a bare number is MiB below 65,536 and bytes above. */
export function parseMemory(value: string | number, field = 'memoryBytes'): number {
  const { amount, unit } = parse(value, field);
  const factor = unit === '' && amount < BARE_MEMORY_LIMIT && !/b\s*$/i.test(String(value)) ? MIB : (units[unit] ?? 1);
  return whole(amount * factor, value, field, MIB);
}

/** Storage in bytes. A bare number is bytes. */
export function parseStorage(value: string | number, field = 'storageSizeBytes'): number {
  const { amount, unit } = parse(value, field);
  return whole(amount * (units[unit] ?? 1), value, field, MIB);
}

/** `4294967296` → `4G`: the largest unit that divides it. */
export function formatQuantity(bytes: number): string {
  for (const unit of ['T', 'G', 'M', 'K']) {
    const size = units[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

/** Bytes for people, to three digits: what a machine has is never a round number. */
export function roundBytes(bytes: number): string {
  const steps = ['', 'K', 'M', 'G', 'T'];
  const power = Math.min(steps.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${Number((bytes / KIBI ** power).toPrecision(3))}${steps[power]}`;
}

function whole(bytes: number, value: string | number, field: string, least: number): number {
  if (!Number.isSafeInteger(bytes)) throw notQuantity(value, field);
  if (bytes < least) {
    throw invalidArgument(`${field}: '${value}' is ${bytes} bytes, which is less than 1M; write a unit (40G)`, {
      field,
    });
  }
  return bytes;
}

function notQuantity(value: string | number, field: string): KcoreError {
  const details: ErrorDetails = { field };
  return invalidArgument(`${field}: '${value}' is not a size (for example 4G, 4096M or 4096)`, details);
}
