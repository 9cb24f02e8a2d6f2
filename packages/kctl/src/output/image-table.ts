import { type CatalogueImage, type ImageStatus, type Result, roundBytes } from '@kcore/contract';
import { colouredState } from '../text/colour.ts';
import { type Column, fieldLines, NONE, printable } from '../text/table.ts';
import type { Printable } from './format.ts';
import type { KcoreObject } from './objects.ts';
import { byName } from './order.ts';

/** An image by its digest: what the catalogue says of it, and the nodes that have it. */
export interface ImageRow {
  readonly name: string;
  readonly digest: string;
  readonly url?: string;
  readonly format?: string;
  readonly inCatalogue: boolean;
  readonly places: readonly { readonly node: string; readonly image: ImageStatus }[];
}

/** Images of the catalogue, then what else is on the nodes; each sort by name. */
export function imageRows({ catalogue, nodes }: Result<'image.list'>): ImageRow[] {
  const known = catalogue.map((image) => rowOf(image, nodes));
  const digests = new Set(catalogue.map(({ digest }) => digest));
  const others = new Map<string, Result<'image.list'>['nodes']>();
  for (const place of nodes) {
    const { digest, name } = place.image;
    if (digests.has(digest)) continue;
    // The same bytes may have been uploaded under two names.
    const key = `${digest} ${name ?? ''}`;
    others.set(key, [...(others.get(key) ?? []), place]);
  }
  return [...known.sort(byRowName), ...[...others.values()].flatMap(otherRow).sort(byRowName)];
}

function rowOf({ name, digest, url, format }: CatalogueImage, nodes: Result<'image.list'>['nodes']): ImageRow {
  return { name, digest, url, format, inCatalogue: true, places: nodes.filter(({ image }) => image.digest === digest) };
}

function otherRow(places: Result<'image.list'>['nodes']): ImageRow[] {
  const [first] = places;
  if (first === undefined) return [];
  const { digest, name, url, format } = first.image;
  return [
    {
      name: name ?? lastPart(url) ?? digest,
      digest,
      ...(url === undefined ? {} : { url }),
      ...(format === undefined ? {} : { format }),
      inCatalogue: false,
      places,
    },
  ];
}

function lastPart(url: string | undefined): string | undefined {
  return url?.split(/[?#]/)[0]?.split('/').findLast(Boolean);
}

function byRowName(a: ImageRow, b: ImageRow): number {
  return byName(a.name, b.name) || byName(a.digest, b.digest);
}

/** The best that any node says; `available` when none has it yet. */
function stateOf({ places }: ImageRow): ImageStatus['state'] | 'available' {
  const states = places.map(({ image }) => image.state);
  return (['ready', 'fetching', 'failed'] as const).find((state) => states.includes(state)) ?? 'available';
}

function sizeOf({ places }: ImageRow): number | undefined {
  const sizes = places.map(({ image }) => (image.state === 'ready' ? image.sizeBytes : image.totalBytes));
  return sizes.find((size) => size !== undefined);
}

/** `node-1`, and for one that is not ready how far it is: `node-2 (fetching 43%)`. */
function placeText({ node, image }: ImageRow['places'][number]): string {
  if (image.state === 'ready') return node;
  const { sizeBytes, totalBytes } = image;
  const share = image.state === 'fetching' && totalBytes !== undefined && totalBytes > 0;
  return `${node} (${image.state}${share ? ` ${Math.floor((100 * sizeBytes) / totalBytes)}%` : ''})`;
}

function sizeText(row: ImageRow): string {
  const size = sizeOf(row);
  return size === undefined ? NONE : roundBytes(size);
}

export const imageColumns: readonly Column<ImageRow>[] = [
  { heading: 'NAME', cell: ({ name }) => name },
  { heading: 'FORMAT', cell: ({ format }) => format ?? NONE },
  { heading: 'SIZE', cell: sizeText },
  { heading: 'STATE', cell: stateOf, paint: colouredState },
  { heading: 'NODES', cell: ({ places }) => places.map(placeText).join(', ') },
];

export const wideImageColumns: readonly Column<ImageRow>[] = [
  ...imageColumns,
  { heading: 'DIGEST', cell: ({ digest }) => digest },
  { heading: 'URL', cell: ({ url }) => url ?? NONE },
  {
    heading: 'MESSAGE',
    cell: ({ places }) =>
      places.flatMap(({ node, image: { message } }) => (message ? [`${node}: ${message}`] : [])).join('; '),
  },
];

export function imageObject(row: ImageRow): KcoreObject {
  const { name, digest, url, format, inCatalogue, places } = row;
  return {
    kind: 'Image',
    metadata: { name },
    status: {
      digest,
      ...(url === undefined ? {} : { url }),
      ...(format === undefined ? {} : { format }),
      inCatalogue,
      state: stateOf(row),
      nodes: places.map(({ node, image: { state, sizeBytes, totalBytes, message } }) => ({
        node,
        state,
        sizeBytes,
        ...(totalBytes === undefined ? {} : { totalBytes }),
        ...(message === undefined ? {} : { message }),
      })),
    },
  };
}

/** An image that was just written to a node. */
export function uploadedImage(node: string, image: ImageStatus): Printable {
  const name = image.name ?? image.digest;
  const [row] = otherRow([{ node, image }]);
  return {
    lines: () => [
      `uploaded image '${printable(name)}' to ${printable(node)}`,
      ...fieldLines([
        ['format', image.format ?? NONE],
        ['size', roundBytes(image.sizeBytes)],
        ['digest', image.digest],
      ]).map((line) => `  ${line}`),
    ],
    data: () => row && imageObject(row),
    names: () => [`image/${name}`],
  };
}
