import type { Condition } from '@kcore/contract';
import type { ConntrackFilter } from '../model/kernel.ts';
import type { NftElement, Resource } from '../model/resource.ts';
import { conditions } from './conditions.ts';
import type { ResolvedNetwork } from './resolved-network.ts';

/** Map of the forwards: external address, protocol and port → the VM's address and port. */
export const FORWARDS_MAP = 'forwards';

export interface Forwards {
  readonly elements: readonly { readonly network: string; readonly element: NftElement }[];
  /** By network. */
  readonly conditions: ReadonlyMap<string, readonly Condition[]>;
}

/** All forwards of the node. One external address, protocol and port leads to one VM: the first network has it. */
export function compileForwards(networks: readonly ResolvedNetwork[]): Forwards {
  const users = new Map<string, string>();
  const elements: { network: string; element: NftElement }[] = [];
  const found = new Map<string, readonly Condition[]>();
  for (const { spec, external } of networks) {
    if (spec.type !== 'nat' || external === undefined) continue;
    for (const { protocol, port, address, targetPort } of spec.forwards) {
      const key = [external.address, protocol, String(port)];
      const label = `${protocol} ${external.address}:${port}`;
      const user = users.get(label);
      if (user !== undefined) {
        found.set(spec.name, [...(found.get(spec.name) ?? []), conditions.forwardConflict(label, user)]);
        continue;
      }
      users.set(label, spec.name);
      elements.push({ network: spec.name, element: forwardElement(key, [address, String(targetPort)]) });
    }
  }
  return { elements, conditions: found };
}

function forwardElement(key: readonly string[], value: readonly string[]): NftElement {
  return { kind: 'nft-element', family: 'ip', table: 'kcore', set: FORWARDS_MAP, key, value };
}

/**
 * Which connections a forward has made, to be ended when the forward goes or leads elsewhere: conntrack keeps
 * translating an established one as it began. Absent for everything that is not a forward.
 */
export function forwardFilter(resource: Resource): ConntrackFilter | undefined {
  if (resource.kind !== 'nft-element' || resource.family !== 'ip' || resource.table !== 'kcore') return undefined;
  const [address, protocol, port] = resource.key;
  if (resource.set !== FORWARDS_MAP || address === undefined || port === undefined) return undefined;
  if (protocol !== 'tcp' && protocol !== 'udp') return undefined;
  return { protocol, address, port: Number(port) };
}
