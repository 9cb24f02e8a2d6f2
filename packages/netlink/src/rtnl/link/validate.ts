import { ValueError } from '../../codec/error.ts';
import { refuse } from '../refuse.ts';
import {
  linked,
  ofChange,
  ofNewLink,
  ofPeer,
  parented,
  toldBondPort,
  toldData,
  toldIpv6,
  toldPort,
} from './ignored.ts';
import { kinds } from './kinds.ts';
import type { LinkChange, NewLink } from './new-link.ts';
import type { Veth } from './veth.ts';
import type { Vxlan } from './vxlan.ts';

/**
 * What the kernel takes at a link's creation and then forgets or misunderstands, without an error. It is refused here.
 * What the kernel refuses itself is left to it: its limits are the newer ones.
 * @throws {ValueError}
 */
export function checkNewLink(link: NewLink): void {
  const { kind, name, data } = link;
  if (name === '') throw new ValueError('the name of a new link is empty', 'name');
  if (kind === 'tun')
    throw new ValueError('the kernel makes tun and tap through /dev/net/tun only; use openTap', 'kind');
  refuse(ofNewLink, link);
  if ('parent' in link) checkParent(kind);
  checkData(kind, data);
  // The kind tells the table, which the compiler cannot follow past the kinds without one.
  if (kind === 'vxlan' && !(data instanceof Uint8Array)) checkVxlan((data ?? {}) as Vxlan);
  const { peer } = (kind === 'veth' ? (data ?? {}) : {}) as Veth;
  if (peer !== undefined) refuse(ofPeer, peer, 'data.peer');
}

/** What the kernel takes in a change of a link and does not do. @throws {ValueError} */
export function checkChange(wanted: LinkChange): void {
  const { kind, data, port, bondPort, addressFamilies } = wanted;
  refuse(ofChange, wanted);
  if (data !== undefined && kind === undefined) throw new ValueError('data needs its kind', 'kind');
  checkData(kind, data);
  if (port !== undefined) refuse(toldPort, port, 'port');
  if (bondPort !== undefined) refuse(toldBondPort, bondPort, 'bondPort');
  if (addressFamilies?.ipv6 !== undefined) refuse(toldIpv6, addressFamilies.ipv6, 'addressFamilies.ipv6');
  const { netnsFd, netnsPid, targetNetnsId } = wanted;
  if ('newIndex' in wanted && (netnsFd ?? netnsPid ?? targetNetnsId) === undefined) {
    throw new ValueError('a link keeps its index; one that moves may have another one there: give netnsFd', 'newIndex');
  }
}

function checkParent(kind: string): void {
  if (parented.has(kind) || !Object.hasOwn(kinds, kind)) return;
  const remedy = linked.has(kind) ? 'give data.link' : 'leave it out';
  throw new ValueError(`a ${kind} is not made on top of another link; ${remedy}`, 'parent');
}

function checkData(kind: string | undefined, data: object | undefined): void {
  const told = toldData.get(kind ?? '');
  if (told !== undefined && data !== undefined && !(data instanceof Uint8Array)) refuse(told, data, 'data');
}

function checkVxlan({ vni, collectMetadata, vniFilter }: Vxlan): void {
  if (vni === undefined && collectMetadata !== true) {
    throw new ValueError('a vxlan without a vni becomes VNI 0; give data.vni or data.collectMetadata', 'data.vni');
  }
  if (vniFilter === true && collectMetadata !== true) {
    throw new ValueError('it needs data.collectMetadata', 'data.vniFilter');
  }
}
