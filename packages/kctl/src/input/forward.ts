import { type ForwardSpec, invalidArgument, isIpv4 } from '@kcore/contract';
import { parsePort } from './number.ts';

const EXAMPLE = 'tcp:8080:web-01:80';

/** `PROTOCOL:PORT:VM-OR-ADDRESS[:TARGET-PORT]`; the target port is the port itself when it is left out. */
export function parseForward(text: string): ForwardSpec {
  const [protocol, port = '', target = '', targetPort, ...rest] = text.split(':');
  if ((protocol !== 'tcp' && protocol !== 'udp') || target === '' || rest.length > 0) {
    throw invalidArgument(
      `--forward: '${text}' is not PROTOCOL:PORT:VM[:TARGET-PORT] with tcp or udp (for example ${EXAMPLE})`,
      { field: 'forwards' },
    );
  }
  return {
    protocol,
    port: parsePort('--forward', port),
    ...(isIpv4(target) ? { address: target } : { vm: target }),
    ...(targetPort === undefined ? {} : { targetPort: parsePort('--forward', targetPort) }),
  };
}

/** The same form again. */
export function formatForward(forward: ForwardSpec): string {
  const target = forward.vm ?? forward.address ?? '-';
  return `${forward.protocol}:${forward.port}:${target}:${forward.targetPort ?? forward.port}`;
}

/** `MAC=ADDRESS[=HOSTNAME]` of `--dhcp-reservation`. The controller judges the address. */
export function parseReservation(text: string): { mac: string; address: string; hostname?: string } {
  const [mac = '', address = '', hostname, ...rest] = text.split('=');
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac) || !isIpv4(address) || rest.length > 0) {
    throw invalidArgument(
      `--dhcp-reservation: '${text}' is not MAC=ADDRESS[=HOSTNAME] (for example 52:54:00:0b:9d:9f=10.0.0.9)`,
      { field: 'dhcp.reservations' },
    );
  }
  return { mac: mac.toLowerCase(), address, ...(hostname === undefined ? {} : { hostname }) };
}
