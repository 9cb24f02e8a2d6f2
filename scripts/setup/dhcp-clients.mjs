import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';

/*
 * DHCP clients and servers that the tests and the comparison run beside our own. They are unpacked, not installed:
 * installing them would start services on this machine and let them loose on its own network.
 */

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const cache = join(root, 'node_modules/.cache/dhcp-programs');
const index = join(cache, 'index.json');
/** A field of a package, as dpkg-query writes them. */
const field = (name) => `\${${name}}`;

/** Each program with its Debian package and where that puts it. `systemd` is on most machines already. */
const CLIENTS = [
  { name: 'dhclient', package: 'isc-dhcp-client', path: 'sbin/dhclient' },
  { name: 'dhcpcd', package: 'dhcpcd-base', path: 'usr/sbin/dhcpcd' },
  { name: 'networkd', package: 'systemd', path: 'lib/systemd/systemd-networkd' },
];
const SERVERS = [
  { name: 'dnsmasq', package: 'dnsmasq-base', path: 'usr/sbin/dnsmasq' },
  { name: 'kea-dhcp4', package: 'kea-dhcp4-server', path: 'usr/sbin/kea-dhcp4' },
  { name: 'perfdhcp', package: 'kea-admin', path: 'usr/sbin/perfdhcp' },
];

async function must(program, arguments_, cwd = root) {
  const { code, output } = await run(program, arguments_, { cwd, onOutput: () => {} });
  if (code !== 0) throw new Error(`${program} ${arguments_.join(' ')} ended with status ${code}:\n${output.trimEnd()}`);
  return output;
}

/** The package and the libraries it needs that this machine has not installed. */
async function missingOf(name) {
  const output = await must('apt-cache', ['depends', '--recurse', '--important', name]);
  const names = new Set([...output.matchAll(/^(lib[\w.+-]+|kea-common)$/gm)].map(([found]) => found));
  const { output: installed } = await run(
    'dpkg-query',
    ['-W', '-f', `${field('Package')} ${field('db:Status-Abbrev')}\n`, ...names],
    {
      onOutput: () => {},
    },
  );
  for (const [, there] of installed.matchAll(/^(\S+) ii/gm)) names.delete(there);
  return [name, ...names];
}

/** Downloads packages; a machine that never asked for the lists has to do so first. */
async function download(names, directory) {
  const arguments_ = ['download', '-q', '-o', 'APT::Sandbox::User=root', ...names];
  const { code } = await run('apt-get', arguments_, { cwd: directory, onOutput: () => {} });
  if (code === 0) return;
  await must('apt-get', ['update', '-q']);
  await must('apt-get', arguments_, directory);
}

function directoriesOfLibraries(tree) {
  const found = new Set();
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    if (!entry.isDirectory() && /\.so(\.|$)/.test(entry.name)) found.add(entry.path);
  }
  return [...found];
}

/** Unpacks one program with its libraries into a directory named for its version; resolves with how to run it. */
async function unpack({ name, package: packageName, path }) {
  const debs = join(cache, 'debs', packageName);
  mkdirSync(debs, { recursive: true });
  await download(await missingOf(packageName), debs);
  const files = readdirSync(debs).filter((file) => file.endsWith('.deb'));
  const own = files.find((file) => file.startsWith(`${packageName}_`)) ?? '';
  const version = decodeURIComponent(own.split('_')[1] ?? '');
  const tree = join(cache, `${packageName}_${version.replaceAll(':', '.')}`);
  for (const file of files) await must('dpkg', ['-x', join(debs, file), tree]);
  const program = join(tree, path);
  const libraries = directoriesOfLibraries(tree);
  const linked = await must('env', [`LD_LIBRARY_PATH=${libraries.join(':')}`, 'ldd', program]);
  if (linked.includes('not found')) throw new Error(`${program} lacks libraries:\n${linked}`);
  return [name, { program, version, libraries }];
}

/** Systemd of this machine when it is there: its version is what its package says. */
async function installed({ name, package: packageName, path }) {
  const program = join('/', path);
  if (name !== 'networkd' || !existsSync(program)) return undefined;
  const version = await must('dpkg-query', ['-W', '-f', field('Version'), packageName]);
  return [name, { program, version, libraries: [] }];
}

function known() {
  if (!existsSync(index)) return {};
  const programs = JSON.parse(readFileSync(index, 'utf8'));
  return Object.fromEntries(Object.entries(programs).filter(([, { program }]) => existsSync(program)));
}

/**
 * Makes the programs runnable from the cache, whose index tells the tests where they are. Nothing is done for those
 * that are there. Resolves with their names and versions.
 *
 * @param {'clients' | 'all'} which
 */
export async function unpackDhcpPrograms(which) {
  const programs = known();
  for (const wanted of which === 'all' ? [...CLIENTS, ...SERVERS] : CLIENTS) {
    if (programs[wanted.name] !== undefined) continue;
    const [name, found] = (await installed(wanted)) ?? (await unpack(wanted));
    programs[name] = found;
  }
  mkdirSync(cache, { recursive: true });
  writeFileSync(index, `${JSON.stringify(programs, undefined, 2)}\n`);
  return Object.entries(programs).map(([name, { version }]) => `${name} ${version}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log((await unpackDhcpPrograms(process.argv[2] === 'clients' ? 'clients' : 'all')).join('\n'));
}
