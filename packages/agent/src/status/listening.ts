import type { NodeFacts } from '@kcore/contract';

export type Listening = NodeFacts['listening'];

/** States in /proc/net/tcp and /proc/net/udp. Source: include/net/tcp_states.h (an unconnected UDP socket is TCP_CLOSE). */
const TCP_LISTEN = '0A';
const UDP_UNCONNECTED = '07';

/** The texts of the four tables; an empty one says nothing (a host without IPv6). */
export interface ProcNetTexts {
  readonly tcp: string;
  readonly tcp6: string;
  readonly udp: string;
  readonly udp6: string;
}

/** Ports on which something listens on any address or on one that is not loopback, sorted. */
export function parseListening({ tcp, tcp6, udp, udp6 }: ProcNetTexts): Listening {
  const ports = {
    tcp: new Set([...listenersIn(tcp, TCP_LISTEN), ...listenersIn(tcp6, TCP_LISTEN)]),
    udp: new Set([...listenersIn(udp, UDP_UNCONNECTED), ...listenersIn(udp6, UDP_UNCONNECTED)]),
  };
  return (['tcp', 'udp'] as const).flatMap((protocol) =>
    [...ports[protocol]].sort((a, b) => a - b).map((port) => ({ protocol, port })),
  );
}

/** Columns are `sl local_address rem_address st …`, the address in hex with the bytes of each 32-bit word in host order. */
function listenersIn(table: string, state: string): readonly number[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , st] = line.trim().split(/\s+/);
      const [address = '', port = ''] = local.split(':');
      return st === state && port !== '' && !isLoopback(address) ? [Number.parseInt(port, 16)] : [];
    });
}

/** 127.0.0.0/8, ::1, and 127.0.0.0/8 mapped into IPv6, as a little-endian host prints them. */
function isLoopback(hex: string): boolean {
  if (hex.length === 8) return hex.endsWith('7F');
  return (
    hex === '00000000000000000000000001000000' || (hex.startsWith('0000000000000000FFFF0000') && hex.endsWith('7F'))
  );
}

/**
 * A UDP port of the ephemeral range mostly belongs to somebody's question that is answered in a moment. It counts only
 * when it was there the time before as well, so that the facts do not change with every DNS lookup.
 */
export function steadyListening(
  current: Listening,
  before: Listening | undefined,
  ephemeral: { readonly first: number; readonly last: number },
): Listening {
  const seen = new Set((before ?? []).map(({ protocol, port }) => `${protocol} ${port}`));
  return current.filter(({ protocol, port }) => {
    const passing = protocol === 'udp' && port >= ephemeral.first && port <= ephemeral.last;
    return !passing || seen.has(`${protocol} ${port}`);
  });
}
