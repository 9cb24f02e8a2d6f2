import type { NewLink } from './new-link.ts';
import type { Vxlan } from './vxlan.ts';

/**
 * What the kernel takes at a link's creation and then forgets or misunderstands, without an error. It is refused here.
 * What the kernel refuses itself is left to it: its limits are the newer ones.
 * @throws {RangeError}
 */
export function checkNewLink(link: NewLink): void {
  const refuse = (problem: string): never => {
    throw new RangeError(`create link ${link.name}: ${problem}`);
  };
  if (link.name === '') throw new RangeError('create link: the name is empty');
  for (const [field, remedy] of FORGOTTEN) {
    if (field in link) refuse(`the kernel forgets ${field} of a new link; ${remedy}`);
  }
  if (link.kind === 'tun') refuse('the kernel makes tun and tap devices through /dev/net/tun only; use openTap');
  if (link.kind === 'vxlan' && !(link.data instanceof Uint8Array)) {
    // The kind tells the table, which the compiler cannot follow past the kinds without one.
    const { vni, collectMetadata, vniFilter } = (link.data ?? {}) as Vxlan;
    if (vni === undefined && collectMetadata !== true) {
      refuse('a vxlan without a vni becomes VNI 0; give data.vni or data.collectMetadata');
    }
    if (vniFilter === true && collectMetadata !== true) refuse('data.vniFilter needs data.collectMetadata');
  }
}

const FORGOTTEN: readonly (readonly [field: string, remedy: string])[] = [
  ['alias', 'set it by links.change'],
  ['addressFamilies', 'set them by links.change'],
  ['properties', 'add alternative names by links.addAltNames'],
  ['port', 'set it by links.change, when the link is a port'],
];
