import { broadcastOf, formatIpv4, parseIpv4, subnetOf } from './ipv4.ts';

/** Where DHCP leases come from, both ends included. The gateway may lie between them and is never handed out. */
export interface DhcpRange {
  readonly start: string;
  readonly end: string;
}

/**
 * The DHCP range of a network: .100 to .199 of the gateway's /24; in a subnet smaller than that the upper 40 %
 * of what clients can have, rounded up, at least one. `override` is `spec.dhcp`. Controller and agent both call this,
 * so that what one hands out lies in what the other serves.
 */
export function dhcpRange(
  gatewayIp: string,
  prefix: number,
  override: { readonly rangeStart?: string; readonly rangeEnd?: string } = {},
): DhcpRange {
  const standard = standardRange(parseIpv4(gatewayIp), prefix);
  return { start: override.rangeStart ?? standard.start, end: override.rangeEnd ?? standard.end };
}

function standardRange(gateway: number, prefix: number): DhcpRange {
  const subnet = subnetOf(gateway, Math.max(prefix, 24));
  if (prefix <= 24) return { start: formatIpv4(subnet.network + 100), end: formatIpv4(subnet.network + 199) };
  const last = broadcastOf(subnet) - 1;
  // Every host address but the gateway's.
  const usable = last - subnet.network - 1;
  const count = Math.max(1, Math.ceil(usable * 0.4));
  const end = last === gateway ? last - 1 : last;
  const start = end - count + 1;
  // A gateway inside the range costs it one address, made good below.
  const corrected = gateway >= start && gateway <= end ? start - 1 : start;
  return { start: formatIpv4(corrected), end: formatIpv4(end) };
}
