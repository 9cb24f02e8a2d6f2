import { CatalogueImage, check, invalidArgument } from '@kcore/contract';
import * as v from 'valibot';
import { builtInImages } from './built-in.ts';

/** What names of images stand for at one moment. */
export interface Catalogue {
  readonly images: readonly CatalogueImage[];
  /** Why the operator's file cannot be read. `images` are then what was read of it before; none where nothing ever was. */
  readonly problem?: string;
}

/** Where names of images are looked up. */
export interface CatalogueSource {
  readonly catalogue: Catalogue;
  /** Looks whether the operator changed it. Never fails: what is wrong is in the catalogue's `problem`. */
  refresh(): Promise<void>;
}

/** For a controller whose operator has no file of images. */
export const builtInCatalogue: CatalogueSource = { catalogue: { images: builtInImages }, refresh: async () => {} };

/** The operator's file. Its images come beside the built-in ones, and in the place of one that has the same name. */
const CatalogueText = v.strictObject({
  /** false: only what the file names is known. */
  builtIn: v.exactOptional(v.boolean()),
  images: v.array(CatalogueImage),
});

/** The images of the operator's file, with the built-in ones. @throws {KcoreError} InvalidArgument that names the entry. */
export function parseCatalogue(text: string): readonly CatalogueImage[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidArgument(`it is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  const { images, builtIn = true } = check(CatalogueText, value);
  const names = images.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalidArgument(`image '${twice}' is in it twice`);
  const others = builtIn ? builtInImages.filter(({ name }) => !names.includes(name)) : [];
  return [...images, ...others];
}
