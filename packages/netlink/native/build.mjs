// Builds the addon with g++ and the headers of node-api-headers; no node-gyp, no download. Plain JavaScript, because
// Node 20 does not run TypeScript and this runs before anything is built.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const source = path.join(here, 'kcore_netlink.cc');
const folder = path.join(here, '..', 'prebuilds', `linux-${process.arch}`);
const target = path.join(folder, 'kcore-netlink.glibc.node');
const stamp = path.join(folder, 'kcore-netlink.sha256');
const compiler = process.env.CXX ?? 'g++';
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

/** @param {string} message */
function fail(message) {
  process.stderr.write(`packages/netlink/native/build.mjs: ${message}\n`);
  process.exit(1);
}

if (process.platform !== 'linux') fail(`@kcore/netlink works on Linux only, and this is ${process.platform}`);

const headers = createRequire(import.meta.url)('node-api-headers').include_dir;
const hash = createHash('sha256').update(JSON.stringify([compiler, options, process.arch]));
for (const file of readdirSync(here).sort())
  if (/\.(cc|h)$/.test(file)) hash.update(readFileSync(path.join(here, file)));
const wanted = hash.digest('hex');
if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) process.exit(0);

mkdirSync(folder, { recursive: true });
// Built beside and renamed: a running process that has the old addon mapped keeps it whole.
const fresh = `${target}.${process.pid}`;
const built = spawnSync(compiler, [...options, `-I${headers}`, source, '-o', fresh], { stdio: 'inherit' });
if (built.error?.code === 'ENOENT') {
  fail(
    `${compiler} is missing, and the native addon of @kcore/netlink is built with it. On Debian: apt-get install g++`,
  );
}
if (built.status !== 0) fail(`${compiler} failed (status ${built.status}); its messages are above`);
renameSync(fresh, target);
writeFileSync(stamp, wanted);
