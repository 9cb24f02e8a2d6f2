import { type DiskSpec, type ImageStatus, KcoreError } from '@kcore/contract';
import { describe, expect, test } from 'vitest';
import { decideDisk } from './disk-decide.ts';
import { type ImagePlaces, sourceOf } from './disk-source.ts';

const hex = (digit: string) => digit.repeat(64);
const URL_IMAGE = 'https://images.example/x.qcow2';
const debian = {
  name: 'debian-12',
  url: 'https://x/d.qcow2',
  digest: `sha512:${'d'.repeat(128)}`,
  format: 'qcow2',
} as const;
const ours = { name: 'ours', url: 'https://x/o.raw', digest: `sha256:${hex('e')}`, format: 'raw' } as const;

function upload(
  node: string,
  name: string,
  digit: string,
  more: Partial<ImageStatus> = {},
): ImagePlaces['uploads'][number] {
  const digest = `sha256:${hex(digit)}` as const;
  return { node, image: { kind: 'image', digest, name, format: 'qcow2', state: 'ready', sizeBytes: 1, ...more } };
}

const places: ImagePlaces = {
  catalogue: { images: [debian, ours] },
  uploads: [
    upload('node-1', 'tiny', 'a'),
    upload('node-2', 'tiny', 'a'),
    upload('node-1', 'mine', 'b', { format: 'raw' }),
    upload('node-2', 'mine', 'c'),
    upload('node-3', 'coming', 'c', { state: 'fetching' }),
    upload('node-3', 'debian-12', 'f'),
  ],
};

function found(disk: DiskSpec, where: Partial<ImagePlaces> = {}) {
  try {
    const result = sourceOf(decideDisk(disk, 0), 'spec.disks.0', { ...places, ...where });
    return result?.nodes === undefined ? result?.source : { ...result.source, nodes: [...result.nodes] };
  } catch (error) {
    if (!(error instanceof KcoreError)) throw error;
    return `${error.code}: ${error.message} [${error.details.field}]`;
  }
}

const url = { kind: 'url', url: URL_IMAGE, digest: `sha256:${hex('1')}`, format: 'qcow2' };
const unknown = { kind: 'unknown', reason: 'the manifest has placeholders in the place of a URL and its sha256' };

describe('R-41: where a disk comes from', () => {
  test.each<[DiskSpec, unknown]>([
    [{ sizeBytes: '10G' }, undefined],
    [{ image: 'debian-12' }, { kind: 'url', url: debian.url, digest: debian.digest, format: 'qcow2' }],
    [{ image: 'ours' }, { kind: 'url', url: ours.url, digest: ours.digest, format: 'raw' }],
    [
      { image: 'ours', sha256: hex('e'), format: 'raw' },
      { kind: 'url', url: ours.url, digest: ours.digest, format: 'raw' },
    ],
    [
      { image: 'debian-12', sha256: '<sha256>' },
      { kind: 'url', url: debian.url, digest: debian.digest, format: 'qcow2' },
    ],
    [{ image: URL_IMAGE, sha256: hex('1') }, url],
    [
      { image: URL_IMAGE, sha256: hex('1'), format: 'raw' },
      { ...url, format: 'raw' },
    ],
    [{ image: '/images/x' }, { kind: 'file', path: '/images/x', format: 'qcow2' }],
    [
      { image: '/images/x', format: 'raw' },
      { kind: 'file', path: '/images/x', format: 'raw' },
    ],
    [{ image: 'tiny' }, { kind: 'stored', digest: `sha256:${hex('a')}`, format: 'qcow2', nodes: ['node-1', 'node-2'] }],
    // the manifest of the documentation.
    [{ image: 'https://...', sha256: '<sha256>', format: 'qcow2' }, unknown],
    [{ image: 'https://...', sha256: hex('1') }, unknown],
    [{ image: URL_IMAGE, sha256: '<sha256>' }, unknown],
  ])('%j', (disk, source) => {
    expect(found(disk)).toEqual(source);
  });

  test('an image that is different on two nodes: the VM says where', () => {
    expect(found({ image: 'mine' })).toBe(
      "FailedPrecondition: spec.disks.0.image: 'mine' stands for different images on the nodes 'node-1', 'node-2': say which node with --node [spec.disks.0.image]",
    );
    const stored = { kind: 'stored', digest: `sha256:${hex('b')}`, format: 'raw', nodes: ['node-1'] };
    expect(found({ image: 'mine' }, { node: 'node-1' })).toEqual(stored);
    expect(found({ image: 'mine' }, { node: 'node-3' })).toBe(
      "FailedPrecondition: spec.disks.0.image: image 'mine' is not on node 'node-3'; it is on 'node-1', 'node-2' [spec.disks.0.image]",
    );
  });

  test.each<[DiskSpec, string]>([
    [
      { image: 'debain-12' },
      "NotFound: spec.disks.0.image: 'debain-12' is neither in the catalogue of images nor on a connected node; did you mean 'debian-12'? [spec.disks.0.image]",
    ],
    [
      { image: 'zzz' },
      "NotFound: spec.disks.0.image: 'zzz' is neither in the catalogue of images nor on a connected node [spec.disks.0.image]",
    ],
    [
      { image: 'coming' },
      "FailedPrecondition: spec.disks.0.image: 'coming' is not ready on node 'node-3': it is still on its way [spec.disks.0.image]",
    ],
    [{ image: URL_IMAGE }, 'InvalidArgument: spec.disks.0: an image by URL needs its sha256 [spec.disks.0.sha256]'],
    [
      { image: 'http://x/y', sha256: hex('1') },
      "InvalidArgument: spec.disks.0.image: an image is fetched by https, not by 'http' [spec.disks.0.image]",
    ],
    [
      { image: 'https://x y', sha256: hex('1') },
      "InvalidArgument: spec.disks.0.image: 'https://x y' is not a URL [spec.disks.0.image]",
    ],
    [
      { image: 'images/x.qcow2' },
      "InvalidArgument: spec.disks.0.image: 'images/x.qcow2' is no name of an image, no https URL and no absolute path of a file on the node [spec.disks.0.image]",
    ],
    [
      { image: '/x', sha256: hex('1') },
      'InvalidArgument: spec.disks.0: sha256 is for what is fetched; a file of the node is used as it is [spec.disks.0.sha256]',
    ],
    [
      { image: 'ours', format: 'qcow2' },
      "InvalidArgument: spec.disks.0.format: image 'ours' is raw, not qcow2 [spec.disks.0.format]",
    ],
    [
      { image: 'ours', sha256: hex('1') },
      `InvalidArgument: spec.disks.0.sha256: image 'ours' is ${ours.digest}, and not what was given [spec.disks.0.sha256]`,
    ],
    [{}, 'InvalidArgument: spec.disks.0 needs an image, a kept disk or a sizeBytes [spec.disks.0]'],
    [
      { sizeBytes: '1G', sha256: hex('1') },
      'InvalidArgument: spec.disks.0: sha256 without an image [spec.disks.0.sha256]',
    ],
    [
      { kept: 'x', image: 'ours' },
      'InvalidArgument: spec.disks.0: a kept disk has what is on it; image, sha256 and format are for another [spec.disks.0]',
    ],
  ])('%j is refused', (disk, text) => {
    expect(found(disk)).toBe(text);
  });

  test('a catalogue that cannot be read: what is known of it counts, and the rest is its fault', () => {
    const broken = {
      catalogue: { images: [debian], problem: 'the catalogue of images /x cannot be used: it is not JSON' },
    };
    expect(found({ image: 'debian-12' }, broken)).toMatchObject({ kind: 'url' });
    expect(found({ image: 'tiny' }, broken)).toMatchObject({ kind: 'stored' });
    expect(found({ image: 'ours' }, broken)).toBe(
      "FailedPrecondition: spec.disks.0.image: 'ours' is not known: the catalogue of images /x cannot be used: it is not JSON [spec.disks.0.image]",
    );
  });
});
