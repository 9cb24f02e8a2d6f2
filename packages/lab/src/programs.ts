import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { failedPrecondition } from '@kcore/contract';

/** Programs of others that a lab runs, and the Debian package each comes in. The agent runs none. */
const TOOLS = {
  nsenter: 'util-linux',
  udhcpd: 'udhcpd',
  udhcpc: 'udhcpc',
} as const;

export type Tool = keyof typeof TOOLS;

/** Where Debian puts network tools; not in every user's PATH. */
const SYSTEM_DIRECTORIES = ['/usr/sbin', '/sbin'];

/** The tools' full paths. @throws {KcoreError} FailedPrecondition, naming all that are missing and their packages. */
export function findTools(
  path = process.env['PATH'] ?? '',
  system: readonly string[] = SYSTEM_DIRECTORIES,
): Readonly<Record<Tool, string>> {
  const directories = [...path.split(delimiter).filter((part) => part !== ''), ...system];
  const names = Object.keys(TOOLS) as Tool[];
  const found = names.map((tool) => [tool, findProgram(tool, directories)] as const);
  const missing = found.filter(([, program]) => program === undefined).map(([tool]) => tool);
  if (missing.length === 0) return Object.fromEntries(found) as Record<Tool, string>;
  throw failedPrecondition(`a lab needs ${missing.join(' and ')}, not found in PATH`, {
    remedy: `install on Debian: apt-get install ${missing.map((tool) => TOOLS[tool]).join(' ')}`,
  });
}

function findProgram(program: string, directories: readonly string[]): string | undefined {
  return directories
    .map((directory) => join(directory, program))
    .find((candidate) => {
      try {
        accessSync(candidate, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * The script of one of kcore's own programs, found as npm links it: in the nearest `node_modules/.bin` above this file.
 * @throws {KcoreError} FailedPrecondition when it is not installed beside the lab.
 */
export function kcoreProgram(name: 'kcore-agent' | 'kcore-controller'): string {
  for (let directory = import.meta.dirname; ; directory = dirname(directory)) {
    const candidate = join(directory, 'node_modules', '.bin', name);
    if (existsSync(candidate)) return realpathSync(candidate);
    if (directory === dirname(directory)) break;
  }
  throw failedPrecondition(`${name} is not installed beside the lab`, {
    remedy: `install @kcore/${name.slice('kcore-'.length)}, or in a checkout run 'npx --yes pnpm install'`,
  });
}

/** One of the lab's own programs, always as compiled: it is run by node, not by a test's loader. */
export function labProgram(path: 'guest/host-main.js' | 'guest/main.js' | 'world/main.js'): string {
  const program = join(dirname(import.meta.dirname), 'dist', path);
  if (existsSync(program)) return program;
  throw failedPrecondition(`${program} is missing: the lab is not built`, { remedy: "run 'npx tsc -b'" });
}
