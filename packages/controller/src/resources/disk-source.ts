import {
  type CatalogueImage,
  type DiskSource,
  didYouMean,
  failedPrecondition,
  type ImageStatus,
  invalidArgument,
  type KcoreError,
  notFound,
  type Vm,
} from '@kcore/contract';
import type { Catalogue } from '../images/catalogue.ts';
import { kindOfImage, sha256Of } from './disk-decide.ts';

type Disk = Vm['disks'][number];

/** An image that was uploaded, and the connected nodes that have it. */
export interface Upload {
  readonly node: string;
  readonly image: ImageStatus;
}

/** Where images are looked for. */
export interface ImagePlaces {
  readonly catalogue: Catalogue;
  readonly uploads: readonly Upload[];
  /** The node that the VM is pinned to. */
  readonly node?: string;
}

/** Where a disk comes from. */
export interface Sourced {
  readonly source: DiskSource;
  /** Only these nodes have it. */
  readonly nodes?: ReadonlySet<string>;
}

/** Cloud images come in it; a file's own word is not asked, since it could name any other file of the host. */
const USUAL_FORMAT = 'qcow2';

/**
 * Where the contents of a disk come from; undefined for one that begins empty. Decided once, when the VM is made: a name
 * that stands for something else later changes no VM. Pure.
 * @throws {KcoreError} NotFound, InvalidArgument or FailedPrecondition that names the field.
 */
export function sourceOf(disk: Disk, field: string, places: ImagePlaces): Sourced | undefined {
  const { image, format = USUAL_FORMAT } = disk;
  if (image === undefined || disk.kept !== undefined) return undefined;
  switch (kindOfImage(disk)) {
    case 'placeholder':
      return {
        source: { kind: 'unknown', reason: 'the manifest has placeholders in the place of a URL and its sha256' },
      };
    case 'file':
      return { source: { kind: 'file', path: image, format } };
    case 'url':
      return { source: { kind: 'url', url: image, digest: `sha256:${disk.sha256}`, format } };
    case 'name':
      return named(image, disk, field, places);
  }
}

function named(name: string, disk: Disk, field: string, places: ImagePlaces): Sourced {
  const known = places.catalogue.images.find((each) => each.name === name);
  if (known !== undefined) return fromCatalogue(known, disk, field);
  const having = places.uploads.filter(({ image }) => image.name === name);
  const ready = having.filter(({ image }) => image.state === 'ready');
  if (ready.length > 0) return fromNodes(name, ready, disk, field, places.node);
  const [coming] = having;
  if (coming !== undefined) {
    const { state, message } = coming.image;
    const why = state === 'fetching' ? 'it is still on its way' : (message ?? state);
    throw failedPrecondition(`${field}.image: '${name}' is not ready on node '${coming.node}': ${why}`, {
      field: `${field}.image`,
      remedy: 'kctl get images shows how far it is',
    });
  }
  if (places.catalogue.problem !== undefined) {
    throw failedPrecondition(`${field}.image: '${name}' is not known: ${places.catalogue.problem}`, {
      field: `${field}.image`,
      remedy: 'mend that file; it is read again with the next request',
    });
  }
  throw unknownName(name, field, places);
}

function unknownName(name: string, field: string, { catalogue, uploads }: ImagePlaces): KcoreError {
  const names = [
    ...catalogue.images.map((each) => each.name),
    ...uploads.flatMap(({ image }) => (image.name === undefined ? [] : [image.name])),
  ];
  return notFound(
    `${field}.image: '${name}' is neither in the catalogue of images nor on a connected node${didYouMean(name, names)}`,
    {
      field: `${field}.image`,
      remedy:
        'kctl get images shows the names; an https URL with its sha256 and the path of a file on the node work, too',
    },
  );
}

function fromCatalogue({ name, url, digest, format }: CatalogueImage, disk: Disk, field: string): Sourced {
  refuseOther(name, { digest, format }, disk, field);
  return { source: { kind: 'url', url, digest, format } };
}

/** What was said beside the name must be what the name stands for. */
function refuseOther(
  name: string,
  { digest, format }: Pick<CatalogueImage, 'digest' | 'format'>,
  disk: Disk,
  field: string,
): void {
  if (disk.format !== undefined && disk.format !== format) {
    throw invalidArgument(`${field}.format: image '${name}' is ${format}, not ${disk.format}`, {
      field: `${field}.format`,
    });
  }
  const sha256 = sha256Of(disk);
  if (sha256 === undefined || digest === `sha256:${sha256}`) return;
  throw invalidArgument(`${field}.sha256: image '${name}' is ${digest}, and not what was given`, {
    field: `${field}.sha256`,
    remedy: 'leave sha256 out: the name stands for one digest',
  });
}

function fromNodes(
  name: string,
  ready: readonly Upload[],
  disk: Disk,
  field: string,
  pinned: string | undefined,
): Sourced {
  const usable = pinned === undefined ? ready : ready.filter(({ node }) => node === pinned);
  const nodes = (uploads: readonly Upload[]) => [...new Set(uploads.map(({ node }) => `'${node}'`))].join(', ');
  const [first] = usable;
  if (first === undefined) {
    throw failedPrecondition(`${field}.image: image '${name}' is not on node '${pinned}'; it is on ${nodes(ready)}`, {
      field: `${field}.image`,
      remedy: `kctl node upload-image, or another --node`,
    });
  }
  const digests = new Set(usable.map(({ image }) => image.digest));
  if (digests.size > 1) {
    throw failedPrecondition(
      `${field}.image: '${name}' stands for different images on the nodes ${nodes(usable)}: say which node with --node`,
      { field: `${field}.image`, remedy: 'give --node, or upload one of them under another name' },
    );
  }
  const { digest } = first.image;
  const format = first.image.format ?? disk.format ?? USUAL_FORMAT;
  refuseOther(name, { digest, format }, disk, field);
  return { source: { kind: 'stored', digest, format }, nodes: new Set(usable.map(({ node }) => node)) };
}
