import { ALIAS_PREFIX, type ForeignLink, type Link, type VlanLink } from '../model/resource.ts';
import type { Uplink } from './uplink.ts';

/** What an uplink is used for: a port of a bridge (type bridge), or a way out that the host routes over (nat). */
export type UplinkUse = { readonly portOf: string } | { readonly routed: true };

/**
 * The links an uplink consists of. A VLAN sub-interface may belong to several networks, so nothing in it depends on
 * which of them asks: its alias is its own name's.
 */
export function uplinkLinks(uplink: Uplink, use: UplinkUse): readonly Link[] {
  const usage = 'portOf' in use ? { up: true, master: use.portOf } : { forwarding: true };
  if (uplink.vlan === undefined) return [foreign(uplink.name, usage)];
  const vlan: VlanLink = {
    kind: 'link',
    type: 'vlan',
    name: uplink.name,
    owned: true,
    alias: `${ALIAS_PREFIX}vlan ${uplink.vlan.id}`,
    ...(uplink.vlan.altName === undefined ? {} : { altNames: [uplink.vlan.altName] }),
    parent: uplink.nic.name,
    vlanId: uplink.vlan.id,
    ipv6LinkLocal: false,
    ...('portOf' in use ? usage : { ...usage, master: null }),
    up: true,
  };
  // A sub-interface passes frames only while its parent is up.
  return [foreign(uplink.nic.name, { up: true }), vlan];
}

function foreign(name: string, settings: Pick<ForeignLink, 'up' | 'master' | 'forwarding'>): ForeignLink {
  return { kind: 'link', type: 'foreign', name, owned: false, ...settings };
}

/** Two networks may set different things on one link of others; together they set both. */
export function mergeForeign(a: ForeignLink, b: ForeignLink): ForeignLink {
  return { ...a, ...b };
}
