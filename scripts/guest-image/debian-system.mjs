/**
 * What the Debian guest is: the parts of Debian's own cloud images that kcore meets (cloud-init, netplan, networkd, resolved,
 * sshd, logind), less what only costs time under emulation. It has no password at all; a key comes by cloud-init or not.
 */

export const PACKAGES = [
  'systemd-sysv',
  'dbus',
  'udev',
  'kmod',
  'passwd',
  'sudo',
  'cloud-init',
  'cloud-guest-utils',
  'netplan.io',
  'systemd-resolved',
  'openssh-server',
  'iproute2',
  'iputils-ping',
  'busybox',
  // In the place of usrmerge, which would bring all of Perl.
  'usr-is-merged',
];

/** Neither is read in a test. */
export const EXCLUDED_PATHS = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*'];

/** What the guest's kernel may load: all of Debian's would make udev load ten more that the guest has no use for. */
export const MODULES = [
  ...['virtio_pci', 'virtio_blk', 'virtio_net', 'virtio_rng', 'virtio_console'],
  ...['pvpanic_pci', 'isofs', 'nls_utf8', 'vfat', 'nls_ascii', 'nls_cp437', 'button', 'evdev', 'autofs4'],
];

/** Needed before the root file system is there. */
export const INITRD_MODULES = ['virtio_pci', 'virtio_blk'];

export const ENABLED = ['systemd-networkd.service', 'systemd-resolved.service'];

/** Nobody waits for any of these in a guest that lives for a test. */
export const MASKED = [
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer'],
  ...['e2scrub_reap.service', 'systemd-pstore.service', 'getty@tty1.service', 'getty-static.service'],
  ...['systemd-random-seed.service', 'systemd-update-utmp.service', 'systemd-update-utmp-runlevel.service'],
  ...['systemd-firstboot.service', 'systemd-machine-id-commit.service', 'systemd-journal-flush.service'],
  ...[
    'systemd-binfmt.service',
    'proc-sys-fs-binfmt_misc.automount',
    'systemd-sysusers.service',
    'systemd-repart.service',
  ],
  ...['dev-hugepages.mount', 'dev-mqueue.mount', 'sys-kernel-debug.mount', 'sys-kernel-tracing.mount'],
  ...['sys-fs-fuse-connections.mount', 'sys-kernel-config.mount', 'cloud-init-hotplugd.socket'],
];

const SUBSYSTEMS = ['acpi', 'block', 'input', 'net', 'pci', 'virtio'];

/** Files by path. Under `system_info` and nowhere else may cloud-init be told of renderers: elsewhere it is a configuration. */
export const FILES = {
  'etc/fstab': '/dev/vda2 / ext4 errors=remount-ro 0 0\n',
  'etc/hostname': 'localhost\n',
  'etc/hosts': '127.0.0.1 localhost\n',
  // Empty, not absent: systemd then makes a new one without taking the boot for an installation's first.
  'etc/machine-id': '',
  'etc/systemd/journald.conf.d/kcore.conf': '[Journal]\nStorage=volatile\n',
  // Of the hundreds of devices that udev would look at, those that matter to somebody.
  'etc/systemd/system/systemd-udev-trigger.service.d/kcore.conf': `[Service]
ExecStart=
ExecStart=-udevadm trigger --action=add --subsystem-match=tty --sysname-match=ttyS0
ExecStart=-udevadm trigger --action=add ${SUBSYSTEMS.map((name) => `--subsystem-match=${name}`).join(' ')}
`,
  // The login prompt waits for it; 90 seconds are not enough where many guests boot under emulation.
  'etc/systemd/system/dev-ttyS0.device.d/kcore.conf': '[Unit]\nJobRunningTimeoutSec=infinity\n',
  'etc/cloud/cloud.cfg.d/90-kcore.cfg': `datasource_list: [NoCloud]
ssh_genkeytypes: [ed25519]
cloud_init_modules:
  - seed_random
  - bootcmd
  - write-files
  - resizefs
  - set_hostname
  - update_hostname
  - update_etc_hosts
  - users-groups
  - ssh
cloud_config_modules: [set-passwords, runcmd]
cloud_final_modules: [write-files-deferred, scripts-per-boot, scripts-user, final-message]
`,
};

export const COMMAND_LINE = 'console=ttyS0 mitigations=off cryptomgr.notests loglevel=4 panic=-1';

/** The second partition's number of sectors, in the first sector of the disk. */
const SIZE_AT = 446 + 16 + 12;

/**
 * First program of the guest: makes the last partition as large as the disk allows, and hands over to systemd. Many cloud
 * images do that here, before anything is mounted (Debian's cloud-initramfs-growroot); cloud-init then grows the file system.
 */
export const INITRD_INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t devtmpfs none /dev
mount -t sysfs none /sys
while read -r file; do insmod "/modules/$file"; done < /modules/order
sectors=$(($(cat /sys/block/vda/size) - $(cat /sys/block/vda/vda2/start)))
if [ $sectors -gt $(cat /sys/block/vda/vda2/size) ]; then
  bytes=$(printf '%08x' $sectors | sed 's/\\(..\\)\\(..\\)\\(..\\)\\(..\\)/\\\\x\\4\\\\x\\3\\\\x\\2\\\\x\\1/')
  printf "$bytes" | dd of=/dev/vda bs=1 seek=${SIZE_AT} conv=notrunc 2> /dev/null
  blockdev --rereadpt /dev/vda
fi
mount -t ext4 /dev/vda2 /root || exec sh
umount /sys
mount -o move /dev /root/dev
exec switch_root /root /sbin/init
`;
