import * as v from 'valibot';

/** Images: what a disk begins as, where it comes from and by what it is known. */

export const DiskFormat = v.picklist(['qcow2', 'raw'], "format must be 'qcow2' or 'raw'");
export type DiskFormat = v.InferOutput<typeof DiskFormat>;

/** What a file must be, whatever its name: `sha256:` or `sha512:` and the digest in lower-case hexadecimal. */
export const Digest = v.pipe(
  v.string(),
  v.regex(
    /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/,
    "a digest is 'sha256:' with 64 or 'sha512:' with 128 hexadecimal digits",
  ),
);
export type Digest = v.InferOutput<typeof Digest>;

/** Where the contents of a disk come from, decided by the controller when the VM is made: a catalogue that changes later changes no VM. */
export const DiskSource = v.variant('kind', [
  /** Fetched by the node, unless it has a file of that digest. */
  v.strictObject({ kind: v.literal('url'), url: v.string(), digest: Digest, format: DiskFormat }),
  /** Uploaded to the node under a name; known by its digest. */
  v.strictObject({ kind: v.literal('stored'), digest: Digest, format: DiskFormat }),
  /** A file of the node. */
  v.strictObject({ kind: v.literal('file'), path: v.string(), format: DiskFormat }),
  /** A disk of a deleted VM that was kept; it becomes this VM's own. */
  v.strictObject({ kind: v.literal('kept'), uid: v.string(), index: v.number() }),
  /** Nothing can be fetched, and why: the placeholders of a manifest in the documentation. */
  v.strictObject({ kind: v.literal('unknown'), reason: v.string() }),
]);
export type DiskSource = v.InferOutput<typeof DiskSource>;

/** What an image may be called: it is part of a command line and of a file's name. */
export const ImageName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "an image's name has 1 to 63 letters, digits, '.', '_' and '-'"),
);

/** One image of the catalogue, which the operator edits. */
export const CatalogueImage = v.strictObject({
  name: ImageName,
  url: v.pipe(
    v.string(),
    v.check((url) => url.startsWith('https://') && URL.canParse(url), 'url must be an https URL'),
  ),
  digest: Digest,
  format: DiskFormat,
});
export type CatalogueImage = v.InferOutput<typeof CatalogueImage>;

/** An image on a node, as the node reports it. */
export const ImageStatus = v.strictObject({
  kind: v.literal('image'),
  digest: Digest,
  /** Of one that was uploaded. */
  name: v.exactOptional(v.string()),
  /** Of one that was fetched. */
  url: v.exactOptional(v.string()),
  format: v.exactOptional(DiskFormat),
  state: v.picklist(['fetching', 'ready', 'failed']),
  message: v.exactOptional(v.string()),
  /** Bytes on disk, and in all where that is known. */
  sizeBytes: v.number(),
  totalBytes: v.exactOptional(v.number()),
});
export type ImageStatus = v.InferOutput<typeof ImageStatus>;
