import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Builds an image unless it is there. It is moved into its place when it is whole, so that what is there can be used, by
 * several at once, and a build that was killed leaves nothing but a directory, which the next build removes.
 *
 * @param {string} image Its path, whose name tells its recipe.
 * @param {(directory: string) => string} build Builds it in a directory and returns the path there.
 * @returns {string} `image`. It is never written to again.
 */
export function builtOnce(image, build) {
  if (existsSync(image)) return image;
  const cache = dirname(image);
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache)) {
    const pid = /^building-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(cache, name), { recursive: true, force: true });
  }
  const directory = join(cache, `building-${process.pid}-${basename(image)}`);
  mkdirSync(directory);
  try {
    renameSync(build(directory), image);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return image;
}
