import { ipv4, ipv6 } from '../../codec/address.ts';
import type { Codec } from '../../codec/codec.ts';
import { MalformedError } from '../../codec/error.ts';
import { be16, be32, u16, u32 } from '../../codec/scalar.ts';
import { pad, struct } from '../../codec/struct.ts';
import { AF_INET, AF_INET6 } from '../../uapi/socket.ts';

/** Where a peer's packets go. */
export interface Endpoint {
  readonly address: string;
  /** UDP port. */
  readonly port: number;
  /** Index of the link, for a link-local IPv6 address. */
  readonly scope?: number;
}

/** `struct sockaddr_in` and `sockaddr_in6`. Source: include/uapi/linux/in.h, in6.h. */
const sockaddrIn = struct({ family: u16, port: be16, address: { ...ipv4, fixed: 4 }, padding: pad(8) });
const sockaddrIn6 = struct({
  family: u16,
  port: be16,
  flowInfo: be32,
  address: { ...ipv6, fixed: 16 },
  scope: u32,
});

export const endpoint: Codec<Endpoint> = {
  measure: ({ address }) => (isIpv6(address) ? sockaddrIn6.fixed : sockaddrIn.fixed),
  write(value, out) {
    const { address, port, scope = 0 } = value;
    if (isIpv6(address)) sockaddrIn6.write({ family: AF_INET6, port, flowInfo: 0, address, scope }, out);
    else sockaddrIn.write({ family: AF_INET, port, address }, out);
  },
  read(input, start, end) {
    const family = end - start >= 2 ? input.view.getUint16(start, true) : 0;
    if (family === AF_INET) {
      const { address, port } = sockaddrIn.read(input, start, end);
      return { address, port };
    }
    if (family !== AF_INET6) throw new MalformedError(`endpoint at offset ${start}: address family ${family}`);
    const { address, port, scope } = sockaddrIn6.read(input, start, end);
    return { address, port, ...(scope === 0 ? {} : { scope }) };
  },
};

function isIpv6(address: unknown): boolean {
  return typeof address === 'string' && address.includes(':');
}
