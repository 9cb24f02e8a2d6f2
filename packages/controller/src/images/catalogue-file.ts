import { readFile, stat } from 'node:fs/promises';
import type { Logger } from 'pino';
import { type Catalogue, type CatalogueSource, parseCatalogue } from './catalogue.ts';

/** Bytes; a catalogue of a thousand images has a third of it. */
const LARGEST = 1024 * 1024;

/**
 * The operator's file of images, looked at again with each request that names an image: a look costs a stat, and a
 * watch would miss a file system of another machine. A file that was broken by an edit leaves what was read before.
 */
export class CatalogueFile implements CatalogueSource {
  readonly #path: string;
  readonly #log: Logger;
  #catalogue: Catalogue = { images: [] };
  /** Which state of the file was read last. */
  #seen: string | undefined;
  #refreshing: Promise<void> | undefined;

  constructor(path: string, log: Logger) {
    this.#path = path;
    this.#log = log;
  }

  get catalogue(): Catalogue {
    return this.#catalogue;
  }

  /** One look at a time; who asks meanwhile waits for the next, since the file may have changed after the first began. */
  async refresh(): Promise<void> {
    const before = this.#refreshing ?? Promise.resolve();
    const mine = before.then(() => this.#look());
    this.#refreshing = mine;
    await mine;
  }

  async #look(): Promise<void> {
    const state = await this.#state();
    if (state === this.#seen) return;
    this.#seen = state;
    try {
      const text = await readFile(this.#path, 'utf8');
      if (text.length > LARGEST) throw new Error(`it has more than ${LARGEST} bytes`);
      this.#catalogue = { images: parseCatalogue(text) };
      this.#log.info({ path: this.#path, images: this.#catalogue.images.length }, 'catalogue of images read');
    } catch (error) {
      const problem = `the catalogue of images ${this.#path} cannot be used: ${reasonOf(error)}`;
      this.#catalogue = { images: this.#catalogue.images, problem };
      this.#log.warn({ err: error, path: this.#path }, 'catalogue of images not read; what was read before counts');
    }
  }

  async #state(): Promise<string> {
    try {
      const { ino, size, mtimeNs, ctimeNs } = await stat(this.#path, { bigint: true });
      return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
    } catch (error) {
      return reasonOf(error);
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'there is no such file';
  return error instanceof Error ? error.message : String(error);
}
