// Builds the addon with g++ and the headers of node-api-headers; no node-gyp, no download. Plain JavaScript, because
// Node 20 does not run TypeScript and this runs before anything is built.
//
//   node native/build.mjs             for this machine
//   node native/build.mjs x64 arm64   for these, with Debian's cross compilers; what a published package carries
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const source = path.join(here, 'kcore_netlink.cc');
const options = [
  '-std=c++17',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fPIC',
  '-shared',
  '-fvisibility=hidden',
  '-fno-exceptions',
  '-fno-rtti',
  '-DNAPI_VERSION=8',
  // Drops libstdc++, which nothing uses: the addon then needs an old glibc only.
  '-Wl,--as-needed',
  '-Wl,-z,relro,-z,now',
];

/** Node's name of an architecture, and GNU's and Debian's for its compiler. */
const targets = {
  x64: { compiler: 'x86_64-linux-gnu-g++', debianPackage: 'g++-x86-64-linux-gnu' },
  arm64: { compiler: 'aarch64-linux-gnu-g++', debianPackage: 'g++-aarch64-linux-gnu' },
};

/** @param {string} message */
function fail(message) {
  process.stderr.write(`packages/netlink/native/build.mjs: ${message}\n`);
  process.exit(1);
}

/** @param {string} architecture */
function compilerOf(architecture) {
  if (architecture === process.arch) return { compiler: process.env.CXX ?? 'g++', debianPackage: 'g++' };
  const target = targets[architecture];
  if (target === undefined)
    fail(`no cross compiler is known for ${architecture}; there are ${Object.keys(targets).join(', ')}`);
  return target;
}

/**
 * The name tells node-gyp-build which C library it needs: glibc's is not loaded on musl, and the other way about.
 * @param {string} architecture
 */
function libcOf(architecture) {
  if (architecture !== process.arch) return 'glibc';
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return report.header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
}

/**
 * Builds one, unless it was built of the same sources already.
 * @param {string} architecture
 */
function build(architecture) {
  const { compiler, debianPackage } = compilerOf(architecture);
  const folder = path.join(here, '..', 'prebuilds', `linux-${architecture}`);
  const target = path.join(folder, `kcore-netlink.${libcOf(architecture)}.node`);
  const stamp = path.join(folder, 'kcore-netlink.sha256');
  const headers = createRequire(import.meta.url)('node-api-headers').include_dir;
  const hash = createHash('sha256').update(JSON.stringify([compiler, options, architecture]));
  for (const file of readdirSync(here).sort())
    if (/\.(cc|h)$/.test(file)) hash.update(readFileSync(path.join(here, file)));
  const wanted = hash.digest('hex');
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  mkdirSync(folder, { recursive: true });
  // Built beside and renamed: a running process that has the old addon mapped keeps it whole.
  const fresh = `${target}.${process.pid}`;
  const built = spawnSync(compiler, [...options, `-I${headers}`, source, '-o', fresh], { stdio: 'inherit' });
  if (built.error?.code === 'ENOENT') {
    fail(
      `${compiler} is missing, and the native addon of @kcore/netlink is built with it. On Debian: apt-get install ${debianPackage}`,
    );
  }
  if (built.status !== 0) fail(`${compiler} failed (status ${built.status}); its messages are above`);
  renameSync(fresh, target);
  writeFileSync(stamp, wanted);
}

if (process.platform !== 'linux') fail(`@kcore/netlink works on Linux only, and this is ${process.platform}`);
const wanted = process.argv.slice(2);
for (const architecture of wanted.length === 0 ? [process.arch] : wanted) build(architecture);
