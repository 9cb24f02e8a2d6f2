import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { cpio } from './cpio.mjs';
import { moduleFiles } from './modules.mjs';

/** What the guest needs before it can see the host's root: the PCI transport, its file system, the serial ports. */
const EARLY_MODULES = ['virtio_pci', 'virtio_console', 'virtio_rng', 'overlay', 'virtiofs'];

/**
 * First program in the guest. The host's root becomes the guest's, read-only beneath a tmpfs, so that the machine's own
 * node, ip and nft run there; the work directory is shared read-write at its own path.
 * It ends in switch_root and not chroot: the kernel runs modprobe in the root of process 1, and module auto-loading
 * is what this guest is for.
 */
const FIRST = `#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /lower /upper /root
/bin/busybox mount -t proc none /proc
/bin/busybox mount -t sysfs none /sys
/bin/busybox mount -t devtmpfs none /dev
while read -r file; do /bin/busybox insmod "/modules/$file"; done < /modules/order
/bin/busybox mount -t virtiofs -o ro hostroot /lower || exit 1
/bin/busybox mount -t tmpfs -o mode=755 none /upper
/bin/busybox mkdir /upper/changes /upper/scratch
/bin/busybox mount -t overlay -o lowerdir=/lower,upperdir=/upper/changes,workdir=/upper/scratch none /root || exit 1
. /box.env
/bin/busybox mount -t tmpfs none /root/run
/bin/busybox mount -t tmpfs -o mode=1777 none /root/tmp
# After /tmp: the work directory may be in it.
/bin/busybox mkdir -p "/root$BOX_WORK"
/bin/busybox mount -t virtiofs work "/root$BOX_WORK" || exit 1
for tree in proc sys dev; do /bin/busybox mount --move /$tree /root/$tree; done
/bin/busybox mkdir -p /root/run/box /root/run/netns /root/dev/pts /root/dev/shm
/bin/busybox mount -t devpts none /root/dev/pts
/bin/busybox mount -t tmpfs none /root/dev/shm
/bin/busybox cp /box.env /box.command /second /root/run/box/
exec /bin/busybox switch_root /root /bin/sh /run/box/second
`;

/** Second program, on the host's root: runs the command with its streams on the virtio serial ports, tells its status, powers off. */
const SECOND = `
export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
. /run/box/box.env
[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd
mkdir -p /dev/net
[ -c /dev/net/tun ] || mknod /dev/net/tun c 10 200
hostname kernelbox
ip link set lo up
for port in /sys/class/virtio-ports/vport*; do
  read -r name < "$port/name"
  eval "port_$name=/dev/\${port##*/}"
done
cd "$BOX_WORK"
/bin/sh /run/box/box.command < /dev/null > "$port_stdout" 2> "$port_stderr"
echo $? > "$port_status"
sync
echo o > /proc/sysrq-trigger
sleep 30
`;

function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * @param {{kernelVersion: string, work: string, command: readonly string[], environment: Readonly<Record<string, string>>}} options
 * @returns {Buffer} An initramfs that runs `command` in `work` and powers off.
 */
export function initramfs({ kernelVersion, work, command, environment }) {
  const files = moduleFiles(`/lib/modules/${kernelVersion}`, EARLY_MODULES);
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${quote(value)}\n`);
  return cpio([
    { path: 'bin' },
    { path: 'modules' },
    { path: 'bin/busybox', data: readFileSync('/bin/busybox'), mode: 0o755 },
    ...files.map((file) => ({ path: `modules/${basename(file)}`, data: readFileSync(file) })),
    { path: 'modules/order', data: Buffer.from(files.map((file) => `${basename(file)}\n`).join('')) },
    { path: 'init', data: Buffer.from(FIRST), mode: 0o755 },
    { path: 'second', data: Buffer.from(SECOND), mode: 0o755 },
    { path: 'box.env', data: Buffer.from(`BOX_WORK=${quote(work)}\n`) },
    { path: 'box.command', data: Buffer.from(`${exports.join('')}exec ${command.map(quote).join(' ')}\n`) },
  ]);
}
