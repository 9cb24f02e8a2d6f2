import { decodeValue, paddedSize } from './data-type/concatenation.ts';
import { dataTypes } from './data-type/data-type.ts';
import { before, formatRange } from './data-type/range.ts';
import { CATCH_ALL, type Element, type WireElement } from './element.ts';
import type { SetShape } from './set.ts';
import { decodeElementUserData } from './user-data.ts';
import { formatVerdict } from './verdict.ts';

const NOTHING = new Uint8Array();

function valueTexts(set: SetShape, { data }: WireElement): readonly string[] | undefined {
  if (set.data === undefined || data === undefined) return undefined;
  if (set.data === 'verdict') return data.verdict === undefined ? undefined : [formatVerdict(data.verdict)];
  return data.value === undefined ? undefined : decodeValue(set.data, data.value);
}

/** Most elements are a key and nothing more. */
function isPlain(wire: WireElement): boolean {
  for (const member in wire) if (member !== 'key') return false;
  return true;
}

function elementOf(set: SetShape, key: readonly string[], wire: WireElement): Element {
  if (isPlain(wire)) return { key };
  const value = valueTexts(set, wire);
  const { userData, timeout, expiration, object, expression, expressions } = wire;
  const states = expressions ?? (expression === undefined ? undefined : [expression]);
  return {
    key,
    ...(value === undefined ? {} : { value }),
    ...(object === undefined ? {} : { object }),
    ...(userData === undefined ? {} : decodeElementUserData(userData)),
    ...(timeout === undefined ? {} : { timeout }),
    ...(expiration === undefined ? {} : { expiration }),
    ...(states === undefined ? {} : { expressions: states }),
  };
}

/** Bounds in order; at the same key an end comes before the start of the next range. */
function rangesOf(set: SetShape, wire: readonly WireElement[]): readonly Element[] {
  const [type] = set.key;
  if (type === undefined) return [];
  const bounds = wire
    .map((element) => ({ element, at: element.key?.value ?? NOTHING, end: element.flags?.intervalEnd === true }))
    .sort((a, b) => Buffer.compare(a.at, b.at) || Number(b.end) - Number(a.end));
  const largest = new Uint8Array(dataTypes[type].size).fill(0xff);
  return bounds.flatMap(({ element, at, end }, index) => {
    if (end) return [];
    const next = bounds[index + 1];
    const range = { first: at, last: next === undefined ? largest : before(next.at) };
    return [elementOf(set, [formatRange(type, range)], element)];
  });
}

function concatenatedRange(set: SetShape, { key, keyEnd }: WireElement): readonly string[] {
  const first = key?.value ?? NOTHING;
  const last = keyEnd?.value ?? first;
  let at = 0;
  return set.key.map((name) => {
    const { size } = dataTypes[name];
    const range = { first: first.subarray(at, at + size), last: last.subarray(at, at + size) };
    at += paddedSize(size);
    return formatRange(name, range);
  });
}

/**
 * The elements of a set whose parts were listed: text instead of bytes, ranges instead of bounds. A list that has only
 * the start of a range, as one notification has, is read as a range up to the largest value.
 */
export function elementsOf(set: SetShape, parts: readonly (readonly WireElement[])[]): readonly Element[] {
  const all = parts.flat();
  const isCatchAll = ({ flags }: WireElement): boolean => flags?.catchAll === true;
  const others = all.filter(isCatchAll).map((wire) => elementOf(set, [CATCH_ALL], wire));
  const wire = others.length === 0 ? all : all.filter((element) => !isCatchAll(element));
  if (set.interval === true && set.key.length === 1) return [...rangesOf(set, wire), ...others];
  const keyOf =
    set.interval === true
      ? (element: WireElement) => concatenatedRange(set, element)
      : ({ key }: WireElement) => decodeValue(set.key, key?.value ?? NOTHING);
  return [...wire.map((element) => elementOf(set, keyOf(element), element)), ...others];
}
