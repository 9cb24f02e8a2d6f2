import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { cpio } from '../kernel-box/cpio.mjs';
import { moduleFiles } from '../kernel-box/modules.mjs';
import { TINY_INIT, UDHCPC_SCRIPT } from './tiny-init.mjs';

/** Disks, network, the seed's file system with its names' character sets, and the power button. */
const MODULES = ['virtio_pci', 'virtio_blk', 'virtio_net', 'isofs', 'nls_utf8', 'button', 'evdev', 'virtio_rng'];
const SIZE = 64 * 1024 * 1024;
const SECTOR = 512;

/**
 * A disk image with a Linux that is up in seconds, made of Debian's own kernel and busybox: raw, a FAT file system from its
 * first sector on, booted by the firmware through syslinux. Built once for each recipe.
 *
 * @param {{cache: string, kernelVersion: string}} options
 * @returns {string} The image's path. It is never written to again.
 */
export function tinyGuestImage({ cache, kernelVersion }) {
  const initrd = initramfs(kernelVersion);
  const kernel = `/boot/vmlinuz-${kernelVersion}`;
  const recipe = createHash('sha256').update(initrd).update(kernelVersion).digest('hex').slice(0, 16);
  const image = join(cache, `tiny-${recipe}.raw`);
  if (existsSync(image)) return image;
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(tmpdir(), 'kcore-tiny-'));
  try {
    const draft = join(directory, 'disk');
    writeFileSync(draft, '');
    truncateSync(draft, SIZE);
    const run = (program, ...words) => execFileSync(program, words, { stdio: ['ignore', 'ignore', 'inherit'] });
    run('mformat', '-i', draft, '-T', String(SIZE / SECTOR), '-h', '16', '-s', '63', '::');
    run('syslinux', '--install', draft);
    const put = (name, data) => {
      const file = join(directory, name);
      writeFileSync(file, data);
      run('mcopy', '-i', draft, file, `::/${name}`);
    };
    put('initrd', initrd);
    put('vmlinuz', readFileSync(kernel));
    put(
      'syslinux.cfg',
      'SERIAL 0 115200\nDEFAULT linux\nLABEL linux\n  KERNEL vmlinuz\n  APPEND initrd=initrd console=ttyS0 mitigations=off quiet loglevel=3 panic=-1\n',
    );
    renameSync(draft, image);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return image;
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
