/** The same elements for every contestant. */

const byte = (value: number): string => (value & 255).toString(16).padStart(2, '0');

export function addressKey(i: number): string {
  return `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
}

/** ifname . ether_addr . ipv4_addr, as a guard against spoofing has them. */
export function concatenatedKey(i: number): readonly [string, string, string] {
  return [`tap${i}`, `02:00:00:${byte(i >> 16)}:${byte(i >> 8)}:${byte(i)}`, addressKey(i)];
}
