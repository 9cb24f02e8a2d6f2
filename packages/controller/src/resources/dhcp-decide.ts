import {
  broadcastOf,
  contains,
  type DhcpSpec,
  dhcpRange,
  invalidArgument,
  type NetworkType,
  parseIpv4,
} from '@kcore/contract';
import type { Addressing } from './addressing.ts';

/** @throws {KcoreError} InvalidArgument */
export function checkDhcp(dhcp: DhcpSpec, type: NetworkType, addressing: Addressing): void {
  const field = 'spec.dhcp';
  if (type === 'nat' && dhcp.enabled === false) {
    throw invalidArgument("dhcp.enabled cannot be false with type 'nat': its VMs have their addresses by DHCP", {
      field,
    });
  }
  if (type === 'vxlan' && (dhcp.rangeStart !== undefined || dhcp.rangeEnd !== undefined)) {
    throw invalidArgument("dhcp.rangeStart and rangeEnd are for type 'nat': on vxlan each VM gets its own address", {
      field,
    });
  }
  if (dhcp.domain !== undefined && !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(dhcp.domain)) {
    throw invalidArgument(`dhcp.domain '${dhcp.domain}' is not a domain name`, { field });
  }
  if (type === 'nat') checkRange(dhcp, addressing);
  checkReservations(dhcp, addressing);
}

function checkRange(dhcp: DhcpSpec, { gatewayIp, subnet, gateway }: Addressing): void {
  const range = dhcpRange(gatewayIp, subnet.prefix, dhcp);
  const start = parseIpv4(range.start);
  const end = parseIpv4(range.end);
  const inside = start > subnet.network && end < broadcastOf(subnet) && start <= end;
  const onlyGateway = start === end && start === gateway;
  if (inside && !onlyGateway) return;
  throw invalidArgument(
    `dhcp range ${range.start} to ${range.end} is not a range of addresses that VMs of this network can have`,
    { field: 'spec.dhcp.rangeStart' },
  );
}

function checkReservations(dhcp: DhcpSpec, { subnet, gateway }: Addressing): void {
  const macs = new Set<string>();
  const addresses = new Set<string>();
  (dhcp.reservations ?? []).forEach(({ mac, address }, index) => {
    const field = `spec.dhcp.reservations.${index}`;
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) {
      throw invalidArgument(`reservation mac '${mac}' must be six lower-case hex bytes with colons`, { field });
    }
    const number = parseIpv4(address);
    const usable = contains(subnet, number) && number !== subnet.network && number !== broadcastOf(subnet);
    if (!usable || number === gateway) {
      throw invalidArgument(`reservation ${address} is not an address that a VM of this network can have`, { field });
    }
    if (macs.has(mac) || addresses.has(address)) {
      throw invalidArgument(`reservation of ${address} for ${mac}: that mac or address is reserved twice`, { field });
    }
    macs.add(mac);
    addresses.add(address);
  });
}
