import { type Ipv4Number, netmaskOfPrefix, parseIpv4 } from '@kcore/contract';
import type { OptionCodec } from './values.ts';

export interface ClasslessRoute {
  readonly destination: Ipv4Number;
  readonly prefix: number;
  readonly via: Ipv4Number;
}

/** Only as many bytes of a destination are sent as its prefix covers. */
function significant(prefix: number): number {
  return Math.ceil(prefix / 8);
}

function encodeRoute({ destination, prefix, via }: ClasslessRoute): number[] {
  const bytes = (address: Ipv4Number): number[] => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
  return [prefix, ...bytes(destination).slice(0, significant(prefix)), ...bytes(via)];
}

function read(bytes: Uint8Array, offset: number, count: number): Ipv4Number {
  let value = 0;
  for (let index = 0; index < 4; index++) value = value * 256 + (index < count ? (bytes[offset + index] ?? 0) : 0);
  return value;
}

/** Options 121 and 249. Source: RFC 3442 §3. Bits of the destination beyond its prefix are cleared on decoding. */
export const classlessRoutes: OptionCodec<readonly ClasslessRoute[]> = {
  encode: (routes) => Uint8Array.from(routes.flatMap(encodeRoute)),
  decode: (bytes) => {
    const routes: ClasslessRoute[] = [];
    let offset = 0;
    while (offset < bytes.length) {
      const prefix = bytes[offset] ?? 0;
      const count = significant(prefix);
      if (prefix > 32 || offset + 1 + count + 4 > bytes.length) return undefined;
      const mask = parseIpv4(netmaskOfPrefix(prefix));
      const destination = (read(bytes, offset + 1, count) & mask) >>> 0;
      routes.push({ destination, prefix, via: read(bytes, offset + 1 + count, 4) });
      offset += 1 + count + 4;
    }
    return routes.length === 0 ? undefined : routes;
  },
};
