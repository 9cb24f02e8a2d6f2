import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unpackDhcpPrograms } from './dhcp-clients.mjs';
import { missingPackages } from './packages.mjs';
import { run } from './run.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Something the person has to do; its message is all that is shown. */
export class SetupError extends Error {}

/**
 * Makes a bare machine able to run the project: Debian packages, npm packages, the addon, the build.
 * Each step that has nothing to do costs little, so both commands run all of it every time.
 *
 * @param {'start' | 'test'} purpose
 * @param {(title: string, work: (detail: (text: string) => void) => Promise<string>) => Promise<void>} step
 *   Shows one step; `work` resolves with what it found or did, in a few words.
 */
export async function setup(purpose, step) {
  checkMachine();
  const missing = missingPackages(purpose);
  if (missing.length > 0) {
    await step(`install ${missing.length} Debian package${missing.length > 1 ? 's' : ''}`, async (detail) => {
      for (const { name, why } of missing) detail(`${name}: ${why}\n`);
      await installPackages(missing.map(({ name }) => name));
      return missing.map(({ name }) => name).join(', ');
    });
  }
  await step('install npm packages', async () => {
    const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    await must('npx', ['--yes', packageManager, 'install', '--frozen-lockfile'], { ...process.env, CI: 'true' });
    return packageManager;
  });
  await step('build the netlink addon', async () => {
    await must(process.execPath, ['packages/netlink/native/build.mjs']);
    return 'C++, no runtime library';
  });
  await step('build the programs', async () => {
    await must(join(root, 'node_modules/.bin/tsc'), ['-b']);
    await must(process.execPath, ['packages/netlink/bundle.mjs']);
    return 'kctl, kcore-controller, kcore-agent';
  });
  if (purpose === 'test') {
    // Unpacked beside the system's own programs: installing a DHCP client or server would start it.
    await step('unpack DHCP clients and servers', async () => (await unpackDhcpPrograms('all')).join(', '));
  }
}

function checkMachine() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new SetupError(`Node ${process.versions.node} is too old: kcore needs 20.19 or newer.`);
  }
  if (process.platform !== 'linux') throw new SetupError('kcore runs on Linux only.');
  if (process.getuid?.() !== 0) {
    throw new SetupError('This must run as root: it makes network namespaces. Try: sudo npm start');
  }
}

async function installPackages(names) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await must('apt-get', ['update', '-q'], env);
  await must('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...names], env);
}

async function must(program, arguments_, env) {
  const { code, output } = await run(program, arguments_, { cwd: root, env, onOutput: () => {} });
  if (code === 0) return;
  throw new SetupError(`${program} ${arguments_.join(' ')} ended with status ${code}:\n${output.trimEnd()}`);
}
