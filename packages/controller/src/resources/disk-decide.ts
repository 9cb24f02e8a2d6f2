import { type DiskSpec, ImageName, invalidArgument, type KcoreError, parseStorage, type Vm } from '@kcore/contract';
import * as v from 'valibot';

type Disk = Vm['disks'][number];

/** What the documentation's manifest has in the place of a URL and of a digest. */
const PLACEHOLDER_URL = 'https://...';
const PLACEHOLDER_DIGEST = '<sha256>';

/** How an image is named: nothing else is possible. */
export type ImageKind = 'placeholder' | 'url' | 'file' | 'name';

/** Whatever a manifest has for an image that `decideDisk` let pass. */
export function kindOfImage({ image = '', sha256 }: Pick<DiskSpec, 'image' | 'sha256'>): ImageKind {
  if (image.startsWith('/')) return 'file';
  if (!image.startsWith('https://')) return 'name';
  return image === PLACEHOLDER_URL || sha256 === PLACEHOLDER_DIGEST ? 'placeholder' : 'url';
}

/** The digest that was given; the placeholder is none. */
export function sha256Of({ sha256 }: Pick<DiskSpec, 'sha256'>): string | undefined {
  return sha256 === PLACEHOLDER_DIGEST ? undefined : sha256;
}

/** A disk as it is asked for, checked without a look at images. Pure. @throws {KcoreError} InvalidArgument that names the field. */
export function decideDisk(disk: DiskSpec, index: number): Disk {
  const field = `spec.disks.${index}`;
  const { sizeBytes, ...rest } = disk;
  const problem = disk.kept === undefined ? imageProblem(disk, field) : keptProblem(disk, field);
  if (problem !== undefined) throw problem;
  return sizeBytes === undefined ? rest : { ...rest, sizeBytes: parseStorage(sizeBytes, `${field}.sizeBytes`) };
}

function keptProblem({ image, sha256, format }: DiskSpec, field: string): KcoreError | undefined {
  if (image === undefined && sha256 === undefined && format === undefined) return undefined;
  return invalidArgument(`${field}: a kept disk has what is on it; image, sha256 and format are for another`, {
    field,
  });
}

function imageProblem({ image, sha256, sizeBytes }: DiskSpec, field: string): KcoreError | undefined {
  const digestField = `${field}.sha256`;
  if (image === undefined) {
    if (sha256 !== undefined) return invalidArgument(`${field}: sha256 without an image`, { field: digestField });
    if (sizeBytes !== undefined) return undefined;
    return invalidArgument(`${field} needs an image, a kept disk or a sizeBytes`, { field });
  }
  const imageField = `${field}.image`;
  if (image.startsWith('/')) {
    if (sha256 === undefined || sha256 === PLACEHOLDER_DIGEST) return undefined;
    return invalidArgument(`${field}: sha256 is for what is fetched; a file of the node is used as it is`, {
      field: digestField,
    });
  }
  if (image.startsWith('https://')) return urlProblem(image, sha256, field);
  if (/^[a-z][a-z0-9+.-]*:/i.test(image)) {
    return invalidArgument(`${imageField}: an image is fetched by https, not by '${image.split(':')[0]}'`, {
      field: imageField,
    });
  }
  if (v.is(ImageName, image)) return undefined;
  return invalidArgument(
    `${imageField}: '${image}' is no name of an image, no https URL and no absolute path of a file on the node`,
    { field: imageField, remedy: 'kctl get images shows the names' },
  );
}

function urlProblem(image: string, sha256: string | undefined, field: string): KcoreError | undefined {
  if (sha256 === undefined) {
    return invalidArgument(`${field}: an image by URL needs its sha256`, {
      field: `${field}.sha256`,
      remedy: 'give its sha256, or a name that kctl get images shows',
    });
  }
  if (image === PLACEHOLDER_URL || (URL.canParse(image) && !/\s/.test(image))) return undefined;
  return invalidArgument(`${field}.image: '${image}' is not a URL`, { field: `${field}.image` });
}
