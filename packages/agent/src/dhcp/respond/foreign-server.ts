import { formatIpv4, type Ipv4Number } from '@kcore/contract';
import { optionOf } from '../codec/options.ts';
import { BOOTREPLY, type DhcpPacket } from '../codec/packet.ts';
import type { DhcpEvent } from './decision.ts';
import type { ServedNetwork } from './served-network.ts';

/** One text for each server, whatever its clients: events with the same text are told once a minute. */
export function foreignServer(server: Ipv4Number, mac?: string): DhcpEvent {
  const whose = mac === undefined ? '' : ` (${mac})`;
  const message = `another DHCP server, ${formatIpv4(server)}${whose}, answers clients on this network`;
  return { type: 'ForeignDhcpServer', message };
}

/**
 * What a DHCP message that was seen on the link says of another server; undefined when it is none's, or our own. Where
 * several nodes serve one overlay they all answer as its gateway, so they are no strangers to each other.
 *
 * `mac`: the source of the frame.
 */
export function foreignServerSeen(packet: DhcpPacket, mac: string, network: ServedNetwork): DhcpEvent | undefined {
  if (packet.op !== BOOTREPLY) return undefined;
  const server = optionOf(packet, 'serverId') ?? packet.siaddr;
  return server === network.server || server === 0 ? undefined : foreignServer(server, mac);
}
