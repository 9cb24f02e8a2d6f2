import {
  broadcastOf,
  contains,
  type DhcpSpec,
  dhcpOptionHex,
  dhcpRange,
  invalidArgument,
  type NetworkType,
  parseIpv4,
} from '@kcore/contract';
import type { Addressing } from './addressing.ts';

/** @throws {KcoreError} InvalidArgument */
export function checkDhcp(dhcp: DhcpSpec, type: NetworkType, addressing: Addressing): void {
  const field = 'spec.dhcp.enabled';
  if (type === 'nat' && dhcp.enabled === false) {
    throw invalidArgument("dhcp.enabled cannot be false with type 'nat': its VMs have their addresses by DHCP", {
      field,
    });
  }
  if (type === 'vxlan' && (dhcp.rangeStart !== undefined || dhcp.rangeEnd !== undefined)) {
    throw invalidArgument("dhcp.rangeStart and rangeEnd are for type 'nat': on vxlan each VM gets its own address", {
      field: 'spec.dhcp.rangeStart',
    });
  }
  checkDomains(dhcp);
  if (type === 'nat') checkRange(dhcp, addressing);
  checkRoutes(dhcp, addressing);
  checkOptions(dhcp);
  checkReservations(dhcp, addressing);
}

/** Labels of 1 to 63 characters, 253 in all. Source: RFC 1035 §2.3.4. */
const DOMAIN =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*$/;
/** Options 119 and 121 are split when they are long (RFC 3396), but a reply has 548 bytes for clients that say nothing. */
const MAX_SEARCH = 16;
const MAX_ROUTES = 32;
/** Sent to everybody, so they are to fit into every reply beside what else it says. */
const MAX_OPTION_BYTES = 400;
const MAX_RANGE = 2 ** 18;

function checkDomains({ domain, search = [] }: DhcpSpec): void {
  if (domain !== undefined && !DOMAIN.test(domain)) {
    throw invalidArgument(`dhcp.domain '${domain}' is not a domain name`, { field: 'spec.dhcp.domain' });
  }
  search.forEach((one, index) => {
    if (DOMAIN.test(one)) return;
    throw invalidArgument(`dhcp.search '${one}' is not a domain name`, { field: `spec.dhcp.search.${index}` });
  });
  if (search.length > MAX_SEARCH) {
    throw invalidArgument(`dhcp.search has more than ${MAX_SEARCH} domains`, { field: 'spec.dhcp.search' });
  }
}

/** Guests reach only what is on their own network, so that is where a next hop has to be. */
function checkRoutes({ routes = [] }: DhcpSpec, { subnet }: Addressing): void {
  routes.forEach(({ destination, via }, index) => {
    if (contains(subnet, parseIpv4(via))) return;
    throw invalidArgument(`dhcp route to ${destination}: ${via} is not in the network's subnet`, {
      field: `spec.dhcp.routes.${index}.via`,
    });
  });
  if (routes.length > MAX_ROUTES) {
    throw invalidArgument(`dhcp.routes has more than ${MAX_ROUTES} routes`, { field: 'spec.dhcp.routes' });
  }
}

/** The protocol's own options, with what to use in their place where there is something. */
const OWN_OPTIONS: ReadonlyMap<number, string> = new Map([
  [50, 'it is what a client asks for'],
  [51, 'use leaseSeconds'],
  [52, 'it is decided for each reply'],
  [53, 'it is the type of the message'],
  [54, 'it is the gateway of the network'],
  [55, 'it is what a client asks for'],
  [57, 'it is what a client can take'],
  [61, 'it is what a client says'],
  [80, 'use rapidCommit'],
  [82, 'it is what a relay agent says'],
]);

function checkOptions({ options = [] }: DhcpSpec): void {
  const total = options.reduce((sum, option) => sum + 2 + dhcpOptionHex(option).length / 2, 0);
  options.forEach(({ code }, index) => {
    const field = `spec.dhcp.options.${index}`;
    const reason = OWN_OPTIONS.get(code);
    if (reason !== undefined) throw invalidArgument(`dhcp option ${code} cannot be set: ${reason}`, { field });
    if (options.findIndex((other) => other.code === code) !== index) {
      throw invalidArgument(`dhcp option ${code} is given twice`, { field });
    }
  });
  if (total > MAX_OPTION_BYTES) {
    throw invalidArgument(`dhcp.options are ${total} bytes together; replies have room for ${MAX_OPTION_BYTES}`, {
      field: 'spec.dhcp.options',
    });
  }
}

function checkRange(dhcp: DhcpSpec, { gatewayIp, subnet, gateway }: Addressing): void {
  const range = dhcpRange(gatewayIp, subnet.prefix, dhcp);
  const start = parseIpv4(range.start);
  const end = parseIpv4(range.end);
  if (end - start >= MAX_RANGE) {
    throw invalidArgument(`dhcp range ${range.start} to ${range.end} has more than ${MAX_RANGE} addresses`, {
      field: 'spec.dhcp.rangeEnd',
    });
  }
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
  (dhcp.reservations ?? []).forEach(({ mac, address, hostname }, index) => {
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
    if (hostname !== undefined && !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/.test(hostname)) {
      throw invalidArgument(`reservation of ${address}: '${hostname}' is not a host name`, { field });
    }
    macs.add(mac);
    addresses.add(address);
  });
}
