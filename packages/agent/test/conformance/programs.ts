import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const INDEX = join(import.meta.dirname, '../../../../node_modules/.cache/dhcp-programs/index.json');

export interface Program {
  readonly program: string;
  readonly version: string;
  /** For the environment: where its libraries are. */
  readonly environment: { readonly LD_LIBRARY_PATH?: string };
}

export type ProgramName = 'dhclient' | 'dhcpcd' | 'networkd' | 'dnsmasq' | 'kea-dhcp4' | 'perfdhcp';

interface Entry {
  readonly program: string;
  readonly version: string;
  readonly libraries: readonly string[];
}

/** A program that the setup has unpacked. */
export function programOf(name: ProgramName): Program {
  const index: Record<string, Entry> = existsSync(INDEX) ? JSON.parse(readFileSync(INDEX, 'utf8')) : {};
  const entry = index[name];
  if (entry === undefined) throw new Error(`${name} is not unpacked: run node scripts/setup/dhcp-clients.mjs`);
  const libraries = entry.libraries.join(':');
  return {
    program: entry.program,
    version: entry.version,
    environment: libraries === '' ? {} : { LD_LIBRARY_PATH: libraries },
  };
}
