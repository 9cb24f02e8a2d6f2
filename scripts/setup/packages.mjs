import { existsSync } from 'node:fs';

/**
 * The Debian packages the two commands need, each with a file that shows it is there and what it is for.
 * The network path itself needs none of them: they build the addon, play the guests, or check what we did.
 */
const common = [
  { name: 'g++', file: '/usr/bin/g++', why: 'builds the netlink addon' },
  { name: 'iproute2', file: '/sbin/ip', why: 'places processes in network namespaces, shows what the kernel has' },
  { name: 'iputils-ping', file: '/bin/ping', why: 'pings between guests' },
  // Static and not the other one: the test kernel's first program is this same busybox.
  { name: 'busybox-static', file: '/usr/share/doc/busybox-static', why: 'small tools of the lab’s guests' },
  { name: 'udhcpc', file: '/sbin/udhcpc', why: 'the DHCP client of the lab’s guests' },
  { name: 'udhcpd', file: '/usr/sbin/udhcpd', why: 'the upstream DHCP server of the lab’s outside' },
];

const forTests = [
  { name: 'nftables', file: '/usr/sbin/nft', why: 'reads back what we wrote' },
  { name: 'tcpdump', file: '/usr/bin/tcpdump', why: 'sees the packets' },
  { name: 'strace', file: '/usr/bin/strace', why: 'shows that the agent executes nothing' },
  { name: 'conntrack', file: '/usr/sbin/conntrack', why: 'reads the connection table' },
  { name: 'python3-pyroute2', file: '/usr/lib/python3/dist-packages/pyroute2', why: 'decodes the bytes we send' },
  { name: 'ethtool', file: '/usr/sbin/ethtool', why: 'reads back link settings' },
  { name: 'wireguard-tools', file: '/usr/bin/wg', why: 'reads back WireGuard devices' },
  {
    name: 'g++-aarch64-linux-gnu',
    file: '/usr/bin/aarch64-linux-gnu-g++',
    why: 'builds the addon for arm64, to look at the result',
  },
  { name: 'procps', file: '/sbin/sysctl', why: 'sets kernel switches in namespaces' },
  { name: 'kmod', file: '/sbin/modprobe', why: 'loads the test kernel’s modules' },
  { name: 'qemu-system-x86', file: '/usr/bin/qemu-system-x86_64', why: 'runs the test kernel' },
  { name: 'syslinux', file: '/usr/bin/syslinux', why: 'boots the tests’ virtual machines' },
  { name: 'mtools', file: '/usr/bin/mcopy', why: 'fills their boot partitions' },
  { name: 'qemu-utils', file: '/usr/bin/qemu-img', why: 'makes the disks of virtual machines' },
  { name: 'genisoimage', file: '/usr/bin/isoinfo', why: 'reads back the seeds of virtual machines' },
  {
    name: 'mmdebstrap',
    file: '/usr/bin/mmdebstrap',
    why: 'installs Debian with cloud-init into a disk image, for one test',
  },
  { name: 'e2fsprogs', file: '/sbin/mkfs.ext4', why: 'makes that image’s file system' },
  { name: 'openssh-client', file: '/usr/bin/ssh', why: 'logs in to its virtual machines with a key' },
  { name: 'openssl', file: '/usr/bin/openssl', why: 'issues a certificate for the tests’ image server' },
  { name: 'qemu-system-common', file: '/usr/lib/qemu/virtiofsd', why: 'shows the test kernel this machine’s files' },
  {
    name: 'linux-image-cloud-amd64',
    file: '/usr/share/doc/linux-image-cloud-amd64',
    why: 'a kernel with 802.1Q, for the VLAN tests',
  },
];

/** @param {'start' | 'test'} purpose */
export function missingPackages(purpose) {
  const wanted = purpose === 'test' ? [...common, ...forTests] : common;
  return wanted.filter(({ file }) => !existsSync(file));
}
