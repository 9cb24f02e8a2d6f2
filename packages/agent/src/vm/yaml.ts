/** What the emitter writes: JSON's values. */
export type YamlValue = string | number | boolean | readonly YamlValue[] | { readonly [key: string]: YamlValue };

/** Texts that YAML 1.1 readers take for what they are: words, host names, addresses with a prefix. */
const PLAIN = /^[A-Za-z][A-Za-z0-9_-]*$/;
/** YAML 1.1 reads these as booleans or null. */
const RESERVED = /^(y|n|yes|no|on|off|true|false|null)$/i;

/**
 * Block-style YAML for small documents of plain data. Every text that is not plainly a word is written as a JSON string, which
 * is a YAML double-quoted scalar: `52:54:00:…` would be a base-60 number to a YAML 1.1 reader.
 */
export function yaml(value: YamlValue): string {
  return `${block(value, '').join('\n')}\n`;
}

function block(value: YamlValue, indent: string): readonly string[] {
  if (Array.isArray(value))
    return value.length === 0 ? [`${indent}[]`] : value.flatMap((item) => sequenceItem(item, indent));
  if (typeof value === 'object') {
    const entries = Object.entries(value);
    return entries.length === 0 ? [`${indent}{}`] : entries.flatMap(([key, item]) => mappingEntry(key, item, indent));
  }
  return [`${indent}${scalar(value)}`];
}

function mappingEntry(key: string, value: YamlValue, indent: string): readonly string[] {
  const name = scalar(key);
  if (isEmptyOrScalar(value)) return [`${indent}${name}: ${block(value, '').join('')}`];
  return [`${indent}${name}:`, ...block(value, `${indent}  `)];
}

/** `- ` takes the place of the first two characters of the item's indentation. */
function sequenceItem(value: YamlValue, indent: string): readonly string[] {
  const [first = '', ...rest] = block(value, `${indent}  `);
  return [`${indent}- ${first.slice(indent.length + 2)}`, ...rest];
}

function isEmptyOrScalar(value: YamlValue): boolean {
  return typeof value !== 'object' || Object.keys(value).length === 0;
}

function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  return PLAIN.test(value) && !RESERVED.test(value) ? value : JSON.stringify(value);
}
