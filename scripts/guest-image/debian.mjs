import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { cpio } from '../kernel-box/cpio.mjs';
import { moduleFiles } from '../kernel-box/modules.mjs';
import { run, SECTOR, writeBootFileSystem } from './boot.mjs';
import { builtOnce } from './cache.mjs';
import {
  COMMAND_LINE,
  ENABLED,
  EXCLUDED_PATHS,
  FILES,
  INITRD_INIT,
  INITRD_MODULES,
  MASKED,
  MODULES,
  PACKAGES,
} from './debian-system.mjs';
import { masterBootRecord } from './partitions.mjs';

const MIB = 1024 * 1024;
const FAT = 0x0c;
const LINUX = 0x83;
const BOOT = { type: FAT, firstSector: MIB / SECTOR, sectors: (31 * MIB) / SECTOR };
/** Last on the disk, so that cloud-init can grow it. */
const ROOT = { type: LINUX, firstSector: (32 * MIB) / SECTOR, sectors: (480 * MIB) / SECTOR };
const MBR_CODE = '/usr/lib/SYSLINUX/mbr.bin';

/**
 * A disk image with Debian's cloud-init and network stack: qcow2, booted by the firmware. Built once for each recipe, from the
 * packages that this machine's own Debian sources have.
 *
 * @param {{cache: string, kernelVersion: string, suite: string}} options
 * @returns {string} The image's path. It is never written to again.
 */
export function debianGuestImage({ cache, kernelVersion, suite }) {
  const initrd = initramfs(kernelVersion);
  const name = `debian-${suite}-${recipeOf(suite, kernelVersion, initrd)}.qcow2`;
  return builtOnce(join(cache, name), (directory) => {
    const root = join(directory, 'root');
    installPackages(root, suite);
    arrange(root, kernelVersion);
    const disk = join(directory, 'disk');
    writeDisk(disk, { root, initrd, kernelVersion });
    return disk;
  });
}

function recipeOf(suite, kernelVersion, initrd) {
  const parts = [
    PACKAGES,
    EXCLUDED_PATHS,
    MODULES,
    ENABLED,
    MASKED,
    FILES,
    COMMAND_LINE,
    BOOT,
    ROOT,
    suite,
    kernelVersion,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).update(initrd).digest('hex').slice(0, 16);
}

function installPackages(root, suite) {
  run(
    'mmdebstrap',
    ...['--quiet', '--mode=root', '--format=directory', '--variant=essential'],
    '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
    `--include=${PACKAGES.join(',')}`,
    // The image is built again rather than repaired after a power cut.
    '--dpkgopt=force-unsafe-io',
    ...EXCLUDED_PATHS.map((path) => `--dpkgopt=path-exclude=${path}`),
    '--aptopt=Acquire::Languages "none"',
    ...[suite, root],
    ...debianSources(suite),
  );
}

/** The files that say where this machine has the suite from. Without any, mmdebstrap asks Debian's own servers. */
function debianSources(suite) {
  const directory = '/etc/apt/sources.list.d';
  const files = existsSync(directory) ? readdirSync(directory).sort() : [];
  const paths = ['/etc/apt/sources.list', ...files.map((name) => join(directory, name))];
  const ofSuite = new RegExp(`(^|\\s)${suite}\\s[^]*\\bmain\\b`, 'm');
  return paths.filter(
    (path) => /\.(list|sources)$/.test(path) && existsSync(path) && ofSuite.test(readFileSync(path, 'utf8')),
  );
}

/** Everything of the system that its packages do not bring. */
function arrange(root, kernelVersion) {
  const inRoot = (...words) => run('chroot', root, ...words);
  inRoot('systemctl', '--quiet', 'enable', ...ENABLED);
  inRoot('systemctl', '--quiet', 'mask', ...MASKED);
  const fromDirectory = `/lib/modules/${kernelVersion}`;
  for (const file of moduleFiles(fromDirectory, MODULES)) cpSync(file, join(root, file));
  for (const name of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order']) {
    cpSync(join(fromDirectory, name), join(root, fromDirectory, name));
  }
  run('depmod', '-b', root, kernelVersion);
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  rmSync(join(root, 'etc/resolv.conf'), { force: true });
  symlinkSync('../run/systemd/resolve/stub-resolv.conf', join(root, 'etc/resolv.conf'));
  for (const name of readdirSync(join(root, 'etc/ssh'))) {
    // Each guest makes its own.
    if (/^ssh_host_.*_key/.test(name)) rmSync(join(root, 'etc/ssh', name));
  }
}

function writeDisk(target, { root, initrd, kernelVersion }) {
  const raw = `${target}.raw`;
  writeFileSync(raw, '');
  truncateSync(raw, (ROOT.firstSector + ROOT.sectors) * SECTOR);
  const disk = openSync(raw, 'r+');
  try {
    writeSync(disk, masterBootRecord(readFileSync(MBR_CODE), [BOOT, ROOT]), 0, SECTOR, 0);
  } finally {
    closeSync(disk);
  }
  const kernel = readFileSync(`/boot/vmlinuz-${kernelVersion}`);
  writeBootFileSystem(raw, { ...BOOT, kernel, initrd, commandLine: COMMAND_LINE });
  const offset = ROOT.firstSector * SECTOR;
  const size = `${(ROOT.sectors * SECTOR) / 1024}k`;
  run('mkfs.ext4', '-q', '-F', '-J', 'size=8', '-E', `offset=${offset},nodiscard`, '-d', root, raw, size);
  run('qemu-img', 'convert', '-O', 'qcow2', raw, target);
  run('qemu-img', 'check', '-q', target);
  chmodSync(target, 0o444);
}

/** @param {string} kernelVersion */
function initramfs(kernelVersion) {
  const files = moduleFiles(`/lib/modules/${kernelVersion}`, INITRD_MODULES);
  return cpio([
    ...['bin', 'dev', 'modules', 'root', 'sys'].map((path) => ({ path })),
    { path: 'bin/busybox', data: readFileSync('/bin/busybox'), mode: 0o755 },
    ...files.map((file) => ({ path: `modules/${basename(file)}`, data: readFileSync(file) })),
    { path: 'modules/order', data: Buffer.from(files.map((file) => `${basename(file)}\n`).join('')) },
    { path: 'init', data: Buffer.from(INITRD_INIT), mode: 0o755 },
  ]);
}
