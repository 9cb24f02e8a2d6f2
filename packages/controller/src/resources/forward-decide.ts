import { broadcastOf, contains, type ForwardSpec, invalidArgument, NAME_PATTERN, parseIpv4 } from '@kcore/contract';
import type { Addressing } from './addressing.ts';

/** Whether the VM is there is not asked: a forward waits for its VM. @throws {KcoreError} InvalidArgument */
export function checkForwards(forwards: readonly ForwardSpec[], { subnet, gateway }: Addressing): void {
  const seen = new Set<string>();
  forwards.forEach((forward, index) => {
    const field = `spec.forwards.${index}`;
    const { protocol, port, vm, address } = forward;
    if ((vm === undefined) === (address === undefined)) {
      throw invalidArgument(`forwards: ${protocol}:${port} needs exactly one of vm and address`, { field });
    }
    if (vm !== undefined && !NAME_PATTERN.test(vm)) {
      throw invalidArgument(`forwards: '${vm}' is not the name of a VM`, { field });
    }
    if (address !== undefined) {
      const target = parseIpv4(address);
      const inside = contains(subnet, target) && target !== subnet.network && target !== broadcastOf(subnet);
      if (!inside || target === gateway) {
        throw invalidArgument(`forwards: ${address} is not the address of a VM on this network`, { field });
      }
    }
    if (seen.has(`${protocol}:${port}`)) {
      throw invalidArgument(`forwards: ${protocol}:${port} is forwarded twice`, { field });
    }
    seen.add(`${protocol}:${port}`);
  });
}

/** For people: `tcp:8080 → web-01:80`. */
export function describeForward({ protocol, port, vm, address, targetPort }: ForwardSpec): string {
  return `${protocol}:${port} → ${vm ?? address}:${targetPort ?? port}`;
}
