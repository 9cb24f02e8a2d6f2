import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from '../support/places.ts';

/** Debian's packages with Kea, perfdhcp, dnsmasq, and the libraries they need beyond a plain system. */
const PACKAGES = [
  'kea-dhcp4-server',
  'kea-admin',
  'kea-common',
  'dnsmasq-base',
  'liblog4cplus-2.0.5',
  'libmariadb3',
] as const;

export interface Rivals {
  /** Where the packages are unpacked; nothing of the system is changed. */
  readonly packages?: string;
  readonly dnsmasq?: string;
  readonly perfdhcp?: string;
  /** Why some are absent. */
  readonly why: string;
}

/** The unpacked packages' own libraries. */
export function libraryPath(packages: string): string {
  return join(packages, 'usr/lib/x86_64-linux-gnu');
}

function missingLibraries(packages: string, program: string): string[] {
  const output = execFileSync('ldd', [program], {
    encoding: 'utf8',
    env: { ...process.env, LD_LIBRARY_PATH: libraryPath(packages) },
  });
  return [...output.matchAll(/^\s*(\S+) => not found$/gm)].map(([, library = '']) => library);
}

function unpack(packages: string): void {
  const downloads = join(cache, 'debs');
  mkdirSync(downloads, { recursive: true });
  execFileSync('apt-get', ['download', ...PACKAGES], { cwd: downloads, stdio: 'pipe' });
  for (const file of readdirSync(downloads).filter((name) => name.endsWith('.deb')))
    execFileSync('dpkg', ['-x', join(downloads, file), packages]);
}

/** Fetches the rivals once. Without a package source they are absent, with the reason. */
export function findRivals(): Rivals {
  const packages = join(cache, 'rivals');
  const program = join(packages, 'usr/sbin/kea-dhcp4');
  try {
    if (!existsSync(program)) unpack(packages);
    const missing = missingLibraries(packages, program);
    if (missing.length > 0) return { why: `Kea needs ${missing.join(', ')}` };
    return {
      packages,
      dnsmasq: join(packages, 'usr/sbin/dnsmasq'),
      perfdhcp: join(packages, 'usr/sbin/perfdhcp'),
      why: '',
    };
  } catch (error) {
    return { why: `Debian's packages could not be had: ${error instanceof Error ? error.message : error}` };
  }
}
