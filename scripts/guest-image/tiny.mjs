import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cpio } from '../kernel-box/cpio.mjs';
import { moduleFiles } from '../kernel-box/modules.mjs';
import { SECTOR, writeBootFileSystem } from './boot.mjs';
import { builtOnce } from './cache.mjs';
import { TINY_INIT, UDHCPC_SCRIPT } from './tiny-init.mjs';

/** Disks, network, the seed's file system with its names' character sets, and the power button. */
const MODULES = ['virtio_pci', 'virtio_blk', 'virtio_net', 'isofs', 'nls_utf8', 'button', 'evdev', 'virtio_rng'];
const SIZE = 32 * 1024 * 1024;
const COMMAND_LINE = 'console=ttyS0 mitigations=off quiet loglevel=3 panic=-1';

/**
 * A disk image with a Linux that is up in seconds, made of Debian's own kernel and busybox: raw, a FAT file system from its
 * first sector on, booted by the firmware through syslinux. Built once for each recipe.
 *
 * @param {{cache: string, kernelVersion: string}} options
 * @returns {string} The image's path. It is never written to again.
 */
export function tinyGuestImage({ cache, kernelVersion }) {
  const initrd = initramfs(kernelVersion);
  const recipe = createHash('sha256')
    .update(initrd)
    .update(kernelVersion)
    .update(`${COMMAND_LINE} ${SIZE}`)
    .digest('hex')
    .slice(0, 16);
  return builtOnce(join(cache, `tiny-${recipe}.raw`), (directory) => {
    const disk = join(directory, 'disk');
    writeFileSync(disk, '');
    truncateSync(disk, SIZE);
    const kernel = readFileSync(`/boot/vmlinuz-${kernelVersion}`);
    writeBootFileSystem(disk, { firstSector: 0, sectors: SIZE / SECTOR, kernel, initrd, commandLine: COMMAND_LINE });
    return disk;
  });
}

/** @param {string} kernelVersion */
function initramfs(kernelVersion) {
  const files = moduleFiles(`/lib/modules/${kernelVersion}`, MODULES);
  return cpio([
    ...['bin', 'modules'].map((path) => ({ path })),
    { path: 'bin/busybox', data: readFileSync('/bin/busybox'), mode: 0o755 },
    { path: 'bin/udhcpc.script', data: Buffer.from(UDHCPC_SCRIPT), mode: 0o755 },
    ...files.map((file) => ({ path: `modules/${basename(file)}`, data: readFileSync(file) })),
    { path: 'modules/order', data: Buffer.from(files.map((file) => `${basename(file)}\n`).join('')) },
    { path: 'init', data: Buffer.from(TINY_INIT), mode: 0o755 },
  ]);
}

/** The newest of Debian's cloud kernels that is installed here. */
export function cloudKernel() {
  const versions = readdirSync('/boot')
    .filter((name) => /^vmlinuz-.*-cloud-amd64$/.test(name))
    .map((name) => name.slice('vmlinuz-'.length));
  return versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
}
