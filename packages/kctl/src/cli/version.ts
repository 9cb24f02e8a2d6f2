import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The version of this package, from the one place where it is written. */
export function kctlVersion(): string {
  const manifest: unknown = require('../../package.json');
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  return String(version);
}
